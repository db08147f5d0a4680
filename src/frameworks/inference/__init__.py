"""Requests to a model and its responses, and the formats of their bodies."""
