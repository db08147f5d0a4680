"""SageMaker Python SDK local mode, as a client of SageMaker: what instance type `local` means to the SDK.

The SDK trains and serves in Docker, and knows what it did only as long as its process lives. Here the same is said by
the operations of SageMaker's client, what was done is remembered in the bucket, and what runs is found by its labels.
"""

INSTANCE_TYPES = ("local", "local_gpu")
