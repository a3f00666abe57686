"""What all responses have in common: errors, middleware, caches, the fast path, metrics and probes."""
