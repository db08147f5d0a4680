"""The data path: InvokeEndpoint, streams, asynchronous invocations, data capture and their metrics."""
