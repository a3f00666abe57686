"""The rules of the health checks, by what they are about; see pricing/curation/health_checks.py."""
