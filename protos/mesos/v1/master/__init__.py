"""The operator API of a master: questions, orders, and a stream of what changes."""
