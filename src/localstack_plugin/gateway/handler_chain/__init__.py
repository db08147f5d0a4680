"""The gateway's handlers: fewer of them for requests as SDKs send them, and less work in those that remain."""
