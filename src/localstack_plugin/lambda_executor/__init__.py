"""Runs Lambda functions as child processes: the Lambda Runtime API on loopback, AWS's own runtime client behind it."""
