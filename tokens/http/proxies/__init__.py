"""What proxies send of the calls that they ask about."""
