"""A cloud on our ports that something else started, such as `docker compose up`. It is used, and never ended."""

import json
from collections.abc import Sequence

from local_cloud.ports import belongs_to_another_local_cloud, health
from local_cloud.servers import Server


def external_cloud_answers(servers: Sequence[Server]) -> bool:
    """Return whether every server answers on its port. One alone is of no use: it would work with another's partner."""
    return all(is_recognized(server) for server in servers)


def is_recognized(server: Server) -> bool:
    """Return whether such a server answers on the port, and does not belong to the local cloud of another folder."""
    try:
        body = json.loads(health(server) or b"null")
    except ValueError:
        return False
    return server.recognizes(body) and not belongs_to_another_local_cloud(server.port)
