"""Which execution environment takes an invocation, when another is started, when an idle one ends."""
