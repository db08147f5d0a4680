"""Hyperparameter tuning jobs: the search, and the training jobs that it launches."""
