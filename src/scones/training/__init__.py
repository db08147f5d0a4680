"""Training: start a SageMaker training job, follow it, and find the job that trained what is staged."""
