"""The process of one function: its command, variables, output and end."""
