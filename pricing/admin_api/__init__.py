"""The management API below /api/admin/v1/: what the admin does, for programs. `resource.py` says how to add to it."""
