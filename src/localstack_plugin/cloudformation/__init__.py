"""CloudFormation: an engine that does what it reports, and resource types and properties that LocalStack lacks."""
