"""A log that a quorum of processes agrees on, and what may be built on it."""
