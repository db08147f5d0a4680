"""A plugin of LocalStack: SageMaker, Lambda functions without Docker, a server on loopback, and corrections."""
