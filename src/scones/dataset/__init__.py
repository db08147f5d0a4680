"""Data set: read an archive safely, write PNG files and manifests, stage them in the bucket."""
