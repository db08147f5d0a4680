"""Errors that a page explains to the person who opened it."""


class ConsoleError(Exception):
    """The base of the console's own errors. The message is shown as it is."""


class NotThere(ConsoleError):
    """AWS has nothing of this name."""


class NotAllowed(ConsoleError):
    """The console may not make this change here."""


class Refused(ConsoleError):
    """AWS refused a request, or did not answer it."""


class BadRequest(ConsoleError):
    """The address or the form asks for something that does not exist, or cannot be used. `title` says so in short.

    parameter: the parameter of the address that is not valid; the page is there without it. Empty if it is another.
    """

    def __init__(self, message: str, title: str = "This request is not valid", parameter: str = "") -> None:
        super().__init__(message)
        self.title, self.parameter = title, parameter
