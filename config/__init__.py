"""The wiring: settings, addresses, the server. Nothing imports it."""
