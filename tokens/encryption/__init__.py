"""What is stored encrypted, and how addresses that contain secrets are shown; no models."""
