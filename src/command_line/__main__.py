"""The entry point of `scones`. It reports Ctrl-C in one line even while Python still imports."""

import signal
import sys


def main() -> None:
    """Run the command line, and exit with its code."""
    try:
        # imported here, so that an interrupt during the import is caught as well
        from command_line.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("stopped by SIGINT\n")
        code = 128 + signal.SIGINT
    sys.exit(code)


if __name__ == "__main__":
    main()
