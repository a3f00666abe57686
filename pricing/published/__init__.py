"""What is published: current, past and announced prices, rates of groups, and what is popular."""
