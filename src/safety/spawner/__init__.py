"""The processes on the other side of a `safety.sandbox`: spawner, keepers and relays (described there).

They are forks of one small Python, and every fork pays for what is loaded: there is no `dataclasses`, `typing` or
`subprocess` here, which would add a millisecond to each start.
"""
