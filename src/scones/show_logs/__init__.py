"""`scones logs`: the log of a training job, an endpoint, a function or an execution, for people to read."""
