"""Deployment: the stack that lasts, and the endpoint that serves the trained model."""
