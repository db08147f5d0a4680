"""SageMaker's API for multi-model containers, with a server of its own for each model."""
