"""Teaches LocalStack SageMaker, Lambda functions without Docker, and to listen on loopback only."""
