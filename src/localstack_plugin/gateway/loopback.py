"""The check that an address is reachable from this machine only."""

from ipaddress import ip_address


class NotLoopbackError(ValueError):
    """GATEWAY_LISTEN names an address that other machines can reach."""


def loopback(host: str) -> str:
    """Return the loopback address to bind; raise NotLoopbackError for any other."""
    if host == "localhost":
        return "127.0.0.1"
    if not ip_address(host).is_loopback:
        raise NotLoopbackError(
            f"GATEWAY_LISTEN is {host!r}, which other machines can reach: set it to 127.0.0.1:<port>"
        )
    return host
