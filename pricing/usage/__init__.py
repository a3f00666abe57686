"""The usage that gateways report: single calls with their cost, daily totals, spending, and unknown models."""
