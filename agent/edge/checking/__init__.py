"""Tries whether a task is well: by a command, over HTTP, by connecting."""
