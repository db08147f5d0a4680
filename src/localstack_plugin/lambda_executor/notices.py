"""Differences from AWS for a function on this machine, noted once in the function's log."""

from safety.sandbox import Sandbox

_TOLD: set[str] = set()


def notices_of(function_arn: str, sandbox: Sandbox) -> tuple[str, ...]:
    """Return the lines for the log of the function's first execution environment, and nothing for later ones."""
    if function_arn in _TOLD:
        return ()
    _TOLD.add(function_arn)
    if sandbox.availability:
        return ()
    return (f"Local cloud: {sandbox.availability}. /var/task, /opt and the files of your home are the machine's, too.",)
