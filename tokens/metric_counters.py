"""The counters of /metrics, which tokens/http/metrics.py sends. Imports no models."""

from prometheus_client import Counter, Histogram

# Buckets in seconds, from a response of the fast path to one that a person has to wait for.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("modelbook_requests", "Requests by area, method and status.", ["area", "method", "status"])
DURATION = Histogram("modelbook_request_seconds", "Time until the first byte of a response.", ["area"], buckets=SECONDS)
ERRORS = Counter("modelbook_api_errors", "Errors of the API by their code.", ["code"])
RENDERED = Counter("modelbook_bodies_rendered", "Bodies that were rendered instead of taken from the cache.")
REDIS_FAILURES = Counter("modelbook_redis_failures", "Rates that this process counted because Redis failed.")
USAGE_EVENTS = Counter(
    "modelbook_usage_events", "Reported calls: taken, repeated, conflict, unpriced (taken without a cost).", ["outcome"]
)
