"""The Lambda Runtime API, which a function's process asks for work."""
