"""Where the agent touches the world: processes, files, masters."""
