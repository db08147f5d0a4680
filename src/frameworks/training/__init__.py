"""`train` in script mode: from the configuration files to the person's script and its end. Begin with `command.py`."""
