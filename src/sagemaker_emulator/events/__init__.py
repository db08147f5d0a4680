"""State-change events: the store's changes, described and sent to EventBridge."""
