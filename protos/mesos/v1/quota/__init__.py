"""What a role is sure to get, and what it may hold at most."""
