"""The application with a Redis client that waits longer: on a busy machine a healthy Redis may answer slowly."""

from config.wsgi import application as application
from tokens import rate_limits

rate_limits.REDIS_TIMEOUT = 2
