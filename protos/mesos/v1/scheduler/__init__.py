"""The scheduler API: what a framework asks of the master, and what the master tells it."""
