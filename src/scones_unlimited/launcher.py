"""The command `scones`: it runs the kit's command line, and prepares the kit at the first use."""

import os
import signal
import sys
from typing import NoReturn

from scones_unlimited.errors import InstallationError
from scones_unlimited.folders import FILES, cache
from scones_unlimited.kit import installed_kit, prepared

HELP_OPTIONS = {"-h", "--help", "--version"}


def main() -> NoReturn:
    """Run the command line in this process or, with `execv`, in the kit's Python."""
    arguments = sys.argv[1:]
    if not FILES.is_dir():
        _run_here()
    if _asks_for_help(arguments) and not installed_kit(cache()).is_complete:
        sys.path.insert(0, str(FILES / "src"))
        _run_here()
    _hand_over(arguments)


def _asks_for_help(arguments: list[str]) -> bool:
    """Return whether this is `scones`, `scones --help` or `scones up --help`, but not `scones exec -- ls --help`."""
    return not arguments or arguments[0] in HELP_OPTIONS or (len(arguments) == 2 and arguments[1] in HELP_OPTIONS)


def _run_here() -> NoReturn:
    # imported here, because its folder may not be on the path before
    from command_line.__main__ import main as run

    run()
    sys.exit()


def _hand_over(arguments: list[str]) -> NoReturn:
    """Replace this process with the kit's Python, so that signals reach it and the exit code is its own."""
    try:
        kit = prepared()
    except InstallationError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stopped by SIGINT: what was installed is kept, and the next call continues\n")
        sys.exit(128 + signal.SIGINT)
    # -E, -P: neither PYTHONPATH, which is meant for the user's programs, nor this folder may replace the kit's modules
    os.execv(kit.python, [str(kit.python), "-E", "-P", "-m", "command_line", *arguments])  # noqa: S606
