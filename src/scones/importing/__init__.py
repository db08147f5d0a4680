"""The command `scones import`: state machines and functions that were exported elsewhere, created in this account."""
