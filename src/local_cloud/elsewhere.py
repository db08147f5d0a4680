"""A cloud on our ports that was started by other means, such as `docker compose up`: it is used, and never ended."""

import json
from collections.abc import Sequence

from local_cloud.ports import health, is_anothers
from local_cloud.servers import Server


def answers_elsewhere(servers: Sequence[Server]) -> bool:
    """Whether each answers on its port. One alone is of no use: it would talk to another beside it, not to ours."""
    return all(is_recognised(server) for server in servers)


def is_recognised(server: Server) -> bool:
    """Whether what answers on the port is such a server, and not that of another folder's local cloud."""
    try:
        said = json.loads(health(server) or b"null")
    except ValueError:
        return False
    return server.is_named_by(said) and not is_anothers(server.port)
