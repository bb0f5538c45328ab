"""A cluster of real processes on this machine: for trying things, for drills and for tests."""
