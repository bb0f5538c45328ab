"""Whole clusters: the cores of masters and agents on one thread and a pretended clock."""
