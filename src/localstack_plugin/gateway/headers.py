"""HTTP headers on their way through the gateway."""

from collections.abc import Iterable

# RFC 9110, 7.6.1: these belong to one connection. Both bodies are re-framed, so their lengths are not copied either.
CONNECTION_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def end_to_end(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers without those that belong to one connection."""
    return {name: value for name, value in headers if name.lower() not in CONNECTION_HEADERS}
