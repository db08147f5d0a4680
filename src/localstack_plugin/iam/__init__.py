"""IAM: the role that every account has from the start, and what a role's policies allow."""
