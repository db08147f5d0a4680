"""Work that LocalStack does for every request, start or service, and that nobody notices to be missing."""
