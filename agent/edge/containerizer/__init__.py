"""What runs a task's command. One way today; the protocol is the place of others."""
