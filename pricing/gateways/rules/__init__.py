"""What each program of new-api's family charges for a model name: its stored options, built-in tables and rules."""
