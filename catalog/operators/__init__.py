"""What people who use the admin may see and change; no models."""
