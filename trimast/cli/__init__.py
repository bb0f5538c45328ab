"""The `trimast` command: one file a noun."""
