"""What is removed when it is old: reports and documents that nothing needs any more, sessions, failed logins."""
