"""What the launcher says when it cannot go on."""


class LaunchError(Exception):
    """The launcher cannot go on; the message tells a person what is wrong and what to do about it."""
