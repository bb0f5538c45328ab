"""Certificates of a cluster: whose they are, how they are read, how they are made."""
