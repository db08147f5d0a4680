"""The `serve` command: HTTP in front of a user's model, with the handlers of AWS's framework containers."""
