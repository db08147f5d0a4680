"""Deployment guardrails: how an update moves an endpoint's traffic step by step, and what rolls it back."""
