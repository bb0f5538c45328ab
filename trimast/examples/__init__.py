"""Frameworks to start from."""
