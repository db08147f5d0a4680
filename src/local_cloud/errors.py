"""Errors of the local cloud. Each message says what is wrong and what to do next."""


class LocalCloudError(Exception):
    """The local cloud could not do what was asked."""


class SettingsError(LocalCloudError):
    """An environment variable has a value that cannot be used."""


class PortInUseError(LocalCloudError):
    """A process that is not ours has a port that a server needs."""


class StartError(LocalCloudError):
    """A server died while it started, or was not ready in time."""


class NotUpError(LocalCloudError):
    """A command needs the local cloud, and it is not up."""
