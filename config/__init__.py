"""Settings, addresses and the server. No other package imports this one."""
