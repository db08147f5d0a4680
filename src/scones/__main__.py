"""`python -m scones`."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line. Ctrl-C during the imports ends with one line too."""
    try:
        from scones import cli  # inside try: importing takes a moment
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        sys.exit(INTERRUPTED)
    cli.main()


if __name__ == "__main__":
    main()
