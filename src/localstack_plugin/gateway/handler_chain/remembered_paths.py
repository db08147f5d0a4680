"""The operations of the services that are called by path, such as S3 and Lambda."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localstack_plugin.replacing import wrap

HOSTS = 32
"""The number of hosts that are remembered for each service."""

PATHS = 1024
"""The number of paths that are remembered for each service and host."""


class RememberedAdapter:
    """The rules of a service for one host. They never change, so the match of a path and a method is remembered."""

    def __init__(self, adapter: Any) -> None:
        self.match = lru_cache(PATHS)(adapter.match)


class RememberedMap:
    """The rules of a service, by host."""

    def __init__(self, url_map: Any) -> None:
        self.bind = lru_cache(HOSTS)(lambda host: RememberedAdapter(url_map.bind(host)))


def remembered(create_map: Callable[[Any], Any]) -> Callable[[Any], RememberedMap]:
    return lambda service: RememberedMap(create_map(service))


def install() -> None:
    wrap(
        "localstack.aws.protocol.op_router:_create_service_map",
        wrapper=remembered,
        why="LocalStack matches the path of each request against all operations of S3 or Lambda. Paths come again, "
        "with the same result, which is remembered.",
    )
