"""The command `scones import`, which creates exported state machines and functions in this account."""
