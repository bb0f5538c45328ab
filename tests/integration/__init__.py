"""Real processes, real ports, real kills."""
