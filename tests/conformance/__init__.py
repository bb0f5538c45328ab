"""The Mesos v1 API as its clients see it: byte by byte, from real processes."""
