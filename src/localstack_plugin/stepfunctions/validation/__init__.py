"""What AWS refuses in a definition when a state machine is created, and LocalStack accepts."""
