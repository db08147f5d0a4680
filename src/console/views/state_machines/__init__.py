"""State machines as graphs, and executions drawn on them."""
