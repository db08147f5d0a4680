"""The `serve` command: HTTP in front of a person's model, with the handlers of AWS's framework containers."""
