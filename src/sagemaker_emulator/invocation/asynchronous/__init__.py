"""Asynchronous invocations: the queue, the calls of the model, and the results in S3."""
