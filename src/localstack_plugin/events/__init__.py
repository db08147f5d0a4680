"""EventBridge: rules that start state machines, and events that no rule asks for."""
