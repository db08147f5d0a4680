"""Where the command begins: Ctrl-C while Python still imports is one line, as it is later."""

import sys

INTERRUPTED = 130


def main() -> None:
    try:
        from scones import cli
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted before anything was begun.\n")
        sys.exit(INTERRUPTED)
    cli.main()


if __name__ == "__main__":
    main()
