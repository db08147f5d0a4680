"""The entry point `python -m console`."""

import sys

from console.cli import cli

if __name__ == "__main__":
    sys.exit(cli(standalone_mode=False, prog_name="scones"))
