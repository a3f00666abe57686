"""How operators set and check prices: re-pricing, margins, rate cards and health checks."""
