"""Monitoring's frozen values: job definitions, schedules, executions and alerts, with AWS's names and statuses."""
