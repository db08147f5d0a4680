"""What can go wrong with the local cloud, said so that the reader knows what to do next."""


class LocalCloudError(Exception):
    """The local cloud could not do what was asked; the message says why and what to do."""


class SettingsError(LocalCloudError):
    """A variable of the environment has a value that cannot be used."""


class PortInUseError(LocalCloudError):
    """A port that a server needs belongs to a process that is not ours."""


class StartError(LocalCloudError):
    """A server died while it started, or was not ready in time."""


class NotUpError(LocalCloudError):
    """A command needs the local cloud, and it is not up."""
