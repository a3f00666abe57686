"""People who use the admin: their roles and the groups that they are responsible for."""
