"""Fetches what a task needs into its sandbox; neither the task nor the source is trusted."""
