"""Notebooks that use the local AWS: a kernel for any environment, and a command that opens one."""
