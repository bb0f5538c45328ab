"""A client of Mesos that nobody changed for us: pymesos, as it is on PyPI."""
