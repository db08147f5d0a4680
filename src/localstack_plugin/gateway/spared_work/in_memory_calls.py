"""Calls of LocalStack's services to each other, made in memory.

LocalStack has a mode for this, IN_MEMORY_CLIENT, but reads it when it is imported, before a plugin can set it.
"""

from localstack import config
from localstack.aws import client

from localstack_plugin.replacing import replace


def install() -> None:
    if config.IN_MEMORY_CLIENT:
        return
    replace(
        "localstack.config:IN_MEMORY_CLIENT",
        by=True,
        why="LocalStack's services call each other over HTTP through its own port. Instead they call its gateway in "
        "memory: this is a mode of LocalStack's own, with its own patch of botocore.",
    )
    client.botocore_in_memory_endpoint_patch.apply()
