"""The `train` command: set a job up, run its epochs, and leave the best model in `/opt/ml/model`."""
