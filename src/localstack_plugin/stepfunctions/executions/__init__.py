"""Executions and what the API tells of them."""
