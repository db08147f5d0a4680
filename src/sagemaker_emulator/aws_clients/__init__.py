"""The AWS services that the emulator uses as a client: S3, CloudWatch, EventBridge, SNS."""
