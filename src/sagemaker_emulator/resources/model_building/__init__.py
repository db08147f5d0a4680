"""Pipelines, their versions, and their executions."""
