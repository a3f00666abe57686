"""The cost calculator on the page of a model: its form, and what the answers cost."""
