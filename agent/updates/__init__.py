"""The reports about each task: in order, and again until a master has taken them."""
