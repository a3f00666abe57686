"""The long-running process beside the web server: due sources, events and their deliveries, notices, health checks."""
