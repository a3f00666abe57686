"""Which models a scope can see now, and which it could see before."""
