"""What Lambda writes about invocations: logs and metrics, in batches."""
