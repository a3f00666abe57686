"""What models cost: price sheets and lines, group rates, popular models, the public price list."""
