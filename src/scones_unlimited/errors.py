"""The error of an installation. Its message says what is wrong and what to do next."""


class InstallationError(Exception):
    """The kit could not be installed on this machine."""
