"""A master: keeps the registry with the others, and leads if they elect it."""
