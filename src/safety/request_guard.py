"""Decide whether an HTTP request may reach a server on this machine, before anything else looks at it.

A server on loopback is open to every page in the developer's browser. Three kinds of attack reach it that way, and each
leaves a trace that a page cannot remove:

* DNS rebinding: the page's own name resolves to 127.0.0.1. The Host header still carries that name, so only names of
  this machine are accepted.
* Cross-site requests (images, forms, fetch, WebSocket). Browsers add Origin to everything but plain GETs, Referer
  unless the page forbids it, and Sec-Fetch-Site to every request for a trustworthy URL, which http://localhost and
  http://127.0.0.1 are. A foreign value of one of them is refused.
* Cross-site GETs without any of these: a page that sends no Referer asks for a name that resolves to loopback but is
  not trustworthy, such as localhost.localstack.cloud. What a GET can do is then harmless but for AWS's query protocol,
  where `?Action=SendMessage` acts. Such a GET needs an Authorization header, which an image or a link cannot send.

Clients that are not browsers (SDKs, the aws cli, curl) send none of these headers and are let through; so are pages of
this machine, whose origin is a loopback name. `RequestGuard` holds no state but a cache of verdicts: one instance
serves all threads.

Sources: Fetch standard, "Origin header", "Sec-Fetch-Site"; Secure Contexts, "potentially trustworthy origin".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

ALLOWED_HOSTS_VARIABLE = "SCONES_ALLOWED_HOSTS"
ALLOWED_ORIGINS_VARIABLE = "SCONES_ALLOWED_ORIGINS"
LOOPBACK_NAMES = ("localhost", "localhost.localstack.cloud")
"""Names that always resolve to loopback, themselves and all names below them."""
WEB_SCHEMES = ("http", "https")
VERDICTS = 1024
SHOWN_CHARACTERS = 100

Headers = Sequence[tuple[str, str]]


class RequestGuard:
    """The verdict on requests to one server.

    `allowed_hosts` are names of the server without port, in addition to the loopback names (a Compose service, a
    proxy's name). `allowed_origins` are origins of pages, `scheme://host[:port]`, that may use the server.
    """

    def __init__(self, allowed_hosts: Iterable[str] = (), allowed_origins: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.strip().rstrip(".").lower() for host in allowed_hosts if host.strip())
        self._origins = frozenset(origin.strip().rstrip("/").lower() for origin in allowed_origins if origin.strip())
        self._verdict = lru_cache(VERDICTS)(self._judge)

    def refusal(self, method: str, target: str, headers: Headers) -> str | None:
        """Return why the request is refused and what to set to allow it, or None when it may pass.

        `target` is the request target as received, with its query; `headers` are all header fields, names in any case.
        """
        hosts, origins, referers, sites, is_signed = [], [], [], [], False
        for name, value in headers:
            match name.lower():
                case "host":
                    hosts.append(value)
                case "origin":
                    origins.append(value)
                case "referer":
                    referers.append(value)
                case "sec-fetch-site":
                    sites.append(value)
                case "authorization":
                    is_signed = True
        refusal, is_own_page = self._verdict(tuple(hosts), tuple(origins), tuple(referers), tuple(sites))
        if refusal is None and not (is_own_page or is_signed) and method in ("GET", "HEAD") and _acts(target):
            return (
                "Refused: any web page can send a GET request with an Action and without an Authorization header. "
                "Sign the request, or send it as POST."
            )
        return refusal

    def _judge(
        self, hosts: tuple[str, ...], origins: tuple[str, ...], referers: tuple[str, ...], sites: tuple[str, ...]
    ) -> tuple[str | None, bool]:
        """The refusal, if any, and whether the request comes from a page that may use this server."""
        if len(hosts) > 1:
            return "Refused: the request has several Host headers.", False
        if hosts and not self._is_own_host(hosts[0]):
            return _refused_host(hosts[0]), False
        sources = origins + tuple(_origin_of(referer) for referer in referers if referer)
        for source in sources:
            if not self._is_allowed_origin(source):
                return _refused_origin(source), False
        if sources:
            return None, True
        if any(site.strip().lower() == "cross-site" for site in sites):
            return _refused_origin("unknown (Sec-Fetch-Site: cross-site)"), False
        return None, False

    def _is_own_host(self, host: str) -> bool:
        name = _name_of(f"//{host}")
        return name is not None and (_is_loopback(name) or name in self._hosts)

    def _is_allowed_origin(self, origin: str) -> bool:
        if origin.strip().rstrip("/").lower() in self._origins:
            return True
        name = _name_of(origin) if origin.partition("://")[0].lower() in WEB_SCHEMES else None
        return name is not None and _is_loopback(name)


def _acts(target: str) -> bool:
    """Whether the query names an action of AWS's query protocol. `%41ction` and `action` count as well."""
    _, _, query = target.partition("?")
    if not query:
        return False
    # both separators: servers differ in whether they take the second
    return any(name.lower() == "action" for part in query.split(";") for name, _ in parse_qsl(part, True))


def _is_loopback(name: str) -> bool:
    if any(name == own or name.endswith(f".{own}") for own in LOOPBACK_NAMES):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _name_of(url: str) -> str | None:
    """The host name in lower case, or None when there is none or the text is no URL."""
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if name is None or "@" in parts.netloc:
        return None
    return name.rstrip(".")


def _origin_of(referer: str) -> str:
    scheme, separator, rest = referer.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0].partition('#')[0]}" if separator else referer


def _refused_host(host: str) -> str:
    return (
        f"Refused: the Host header {_shown(host)} does not name this machine. If the name is yours, add it to "
        f"{ALLOWED_HOSTS_VARIABLE} and restart the local cloud."
    )


def _refused_origin(origin: str) -> str:
    return (
        f"Refused: the request comes from a web page of another site, origin {_shown(origin)}. If the page is yours, "
        f"add its origin to {ALLOWED_ORIGINS_VARIABLE} and restart the local cloud."
    )


def _shown(text: str) -> str:
    return repr(text[:SHOWN_CHARACTERS])
