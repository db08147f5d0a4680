"""The commands of `scones`.

A command imports its own part of the application only when it runs: boto3, the SageMaker SDK and matplotlib take
seconds to import, and `scones --help` must not wait for them.
"""
