"""JSONPath as Step Functions reads it."""
