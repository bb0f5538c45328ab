"""A message that says what cannot be. Raised at the door, answered to whoever sent it."""


class BadMessage(ValueError):
    """Its text names what is wrong and, where that helps, what would be right."""
