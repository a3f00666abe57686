"""The worker of gunicorn that serves the application: its connections, heads and errors."""
