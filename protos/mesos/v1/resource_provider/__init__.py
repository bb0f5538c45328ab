"""The API between an agent and those that bring it further resources, such as storage."""
