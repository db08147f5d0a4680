"""Calls of LocalStack's services to each other, made in memory.

LocalStack has a mode for it (IN_MEMORY_CLIENT), which it reads when it is imported: before a plugin could set it.
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
        why="LocalStack's services call each other over HTTP through its own port. They call its gateway in memory: a "
        "mode of LocalStack's own, with the patch of botocore that belongs to it.",
    )
    client.botocore_in_memory_endpoint_patch.apply()
