"""CloudFormation's resource types of SageMaker, made by the emulator."""
