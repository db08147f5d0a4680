"""How long a client may keep a connection waiting."""

IDLE_S = 60.0
"""How long a client may send nothing, between requests and within one."""
STALLED_S = 300.0
"""How long a client may take nothing of an answer."""
