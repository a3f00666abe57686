"""What keys have used, and what it cost."""
