"""What is counted for /metrics, each where it happens; tokens/http/metrics.py tells the sums. Imports no models."""

from prometheus_client import Counter, Histogram

# From what the lane needs to what makes a person wait.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("modelbook_requests", "Requests by area, method and status.", ["area", "method", "status"])
DURATION = Histogram("modelbook_request_seconds", "Time until an answer begins.", ["area"], buckets=SECONDS)
ERRORS = Counter("modelbook_api_errors", "Errors of the API by their code.", ["code"])
RENDERED = Counter("modelbook_bodies_rendered", "Answers that were made anew instead of taken from memory.")
REDIS_FAILURES = Counter("modelbook_redis_failures", "Times that Redis did not count a rate and this process did.")
