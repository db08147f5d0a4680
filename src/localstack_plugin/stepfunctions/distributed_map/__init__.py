"""The distributed Map state: child workflows, tolerated failures, items from S3, results in S3."""
