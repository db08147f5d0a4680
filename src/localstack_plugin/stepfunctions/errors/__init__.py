"""Error names, and executions whose interpreter fails."""
