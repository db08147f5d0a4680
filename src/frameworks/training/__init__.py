"""`train` in script mode: from the configuration files to the end of the user's script. Read `command.py` first."""
