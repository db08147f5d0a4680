"""Templates: what CloudFormation refuses before it creates anything."""
