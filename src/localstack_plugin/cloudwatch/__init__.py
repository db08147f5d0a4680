"""CloudWatch: alarms that are evaluated as soon as their metrics have new data."""
