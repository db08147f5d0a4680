"""Pipeline definitions (schema 2020-12-01): parsed, checked, and evaluated. Pure functions and values; no I/O."""
