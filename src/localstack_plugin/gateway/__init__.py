"""The front door: where LocalStack listens, what it forwards to SageMaker, and how it calls itself."""
