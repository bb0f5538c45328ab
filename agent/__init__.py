"""The agent: runs the tasks of one machine, and reports what becomes of them."""
