"""The request of a training job: hyperparameters and channels, checked as AWS's algorithm checks them."""
