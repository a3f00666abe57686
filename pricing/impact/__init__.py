"""What a change does to keys, groups, visitors and prices, before it is stored and afterwards."""
