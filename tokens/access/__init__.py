"""Which models a scope sees, now and before."""
