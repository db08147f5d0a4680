"""What LocalStack's services ask of each other goes to its gateway as a function call, not over HTTP through its port.

A mode of LocalStack's own (IN_MEMORY_CLIENT), which it reads when it is imported: too early for a plugin's variable.
"""

from localstack import config
from localstack.aws import client

from localstack_plugin.replacing import replace


def install() -> None:
    if not config.IN_MEMORY_CLIENT:
        replace(config, "IN_MEMORY_CLIENT", True)
        client.botocore_in_memory_endpoint_patch.apply()
