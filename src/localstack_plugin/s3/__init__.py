"""S3: where objects are kept on disk, and what S3's events say."""
