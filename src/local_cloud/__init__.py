"""The local cloud: LocalStack and the SageMaker emulator as background processes of this machine."""
