"""IAM: the role that every account has from the start."""
