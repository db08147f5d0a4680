"""Replacements that spare LocalStack work for each request, start or service, without changing its behavior."""
