"""Monitors of endpoints: schedules of Model Monitor, the workflow's own monitor, and the metrics of both."""
