"""The pipeline: train, evaluate, and put the model into service if it is good enough."""
