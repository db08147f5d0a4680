"""The SageMaker Python SDK's local mode as a client of SageMaker: what instance type `local` means to the SDK.

The SDK trains and serves in Docker containers, but only one Python process knows about them. Here the same work is
behind the operations of SageMaker's client. Descriptions of jobs and endpoints are objects in the bucket, where another
process finds them, and running containers are found by their labels.
"""
