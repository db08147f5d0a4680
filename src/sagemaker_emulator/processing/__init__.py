"""Processing jobs: any program over files from S3, whose outputs go back to S3."""
