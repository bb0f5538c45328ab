"""What a driver raises when the masters will not have its framework."""


class FrameworkRefused(Exception):
    """A master said that this framework cannot stay: trying again would not help.

    Its text is the master's, such as "Framework has been removed".
    """
