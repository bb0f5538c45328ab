"""The first version of Trimast's own messages and services."""
