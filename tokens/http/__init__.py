"""What every answer has in common: errors, middleware, stored bytes, logs of requests, metrics and probes."""
