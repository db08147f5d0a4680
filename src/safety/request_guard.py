"""Decide whether an HTTP request may reach a server on this machine, before anything else looks at it.

A server on loopback is open to every page in the developer's browser. Three kinds of attack reach it that way, and each
leaves a trace that a page cannot remove:

* DNS rebinding: the page's own name resolves to 127.0.0.1. The Host header still carries that name, so only names of
  this machine are accepted. A target in absolute form (`GET http://name/ HTTP/1.1`) takes the place of the Host header
  (RFC 9112, 3.2.2), so its name is judged in the same way. X-Forwarded-Host and Forwarded are not looked at: they
  neither help nor harm.
* Cross-site requests (images, forms, fetch, WebSocket). Browsers add Origin to everything but plain GETs, Referer
  unless the page forbids it, and Sec-Fetch-Site to every request for a trustworthy URL, which http://localhost and
  http://127.0.0.1 are. A foreign value of one of them is refused.
* Cross-site GETs without any of these: a page that sends no Referer asks for a name that resolves to loopback but is
  not trustworthy, such as localhost.localstack.cloud. What a GET can do is then harmless but for AWS's query protocol,
  where `?Action=SendMessage` acts. Such a GET needs an Authorization header, which an image or a link cannot send.

localhost.localstack.cloud is a name of this machine only as long as public DNS says so. Whoever controls the DNS of the
network could serve a page under it, and rebind it. Requests may name it as their Host, but a page under it is not a
page of this machine: its Origin is refused, and it may send no GET that acts. It may only load its own images and
links, as the page of an S3 website does.

Clients that are not browsers (SDKs, the aws cli, curl) send none of these headers and are let through; so are pages of
this machine, whose origin is a loopback name. `RequestGuard` holds no state but a cache of verdicts: one instance
serves all threads.

Sources: Fetch standard, "Origin header", "Sec-Fetch-Site"; Secure Contexts, "potentially trustworthy origin".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl

from safety.guard_settings import ALLOWED_HOSTS_VARIABLE, ALLOWED_ORIGINS_VARIABLE

LOOPBACK_NAME = "localhost"
"""Resolves to loopback on every system, itself and all names below it (RFC 6761, 6.3)."""
PUBLIC_NAME = "localhost.localstack.cloud"
"""LocalStack's name. Public DNS resolves it to loopback, itself and all names below it."""
# What a browser or an SDK sends as a host: letters, digits and `_`, `-`, `.`, or an IPv6 address. Everything else
# (spaces of a folded header, zone IDs, user names, letters beyond ASCII) is refused, since servers read it differently.
HOST = re.compile(r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{0,5}))?", re.ASCII)
ORIGIN = re.compile(r"[^:/?#]*://[^/?#]*")
URL = re.compile(r"https?://(?P<host>[^/?#]*)", re.ASCII)
HIGHEST_PORT = 65535
VERDICTS = 1024
CACHED_CHARACTERS = 4096
SHOWN_CHARACTERS = 100

Headers = Sequence[tuple[str, str]]


class Traces(NamedTuple):
    """The values of the headers that show the destination and the origin of a request."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    referers: tuple[str, ...]
    sites: tuple[str, ...]
    reads: bool
    """Whether its method is GET or HEAD."""


class RequestGuard:
    """The verdict on requests to one server.

    `allowed_hosts` are names of the server without port, in addition to the loopback names (a Compose service, a
    proxy's name). `allowed_origins` are origins of pages, `scheme://host[:port]`, that may use the server.
    """

    def __init__(
        self, allowed_hosts: Iterable[str] = (), allowed_origins: Iterable[str] = (), has_public_name: bool = False
    ) -> None:
        self._hosts = frozenset(host.strip().rstrip(".").lower() for host in allowed_hosts if host.strip())
        self._origins = frozenset(origin.strip().rstrip("/").lower() for origin in allowed_origins if origin.strip())
        self._has_public_name = has_public_name
        self._cached_verdict = lru_cache(VERDICTS)(self._judge)

    def refusal(self, method: str, target: str, headers: Headers) -> str | None:
        """Return why the request is refused and what to set to allow it, or None when it may pass.

        `target` is the request target as received, with its query; `headers` are all header fields, names in any case.
        """
        if (target_hosts := _hosts_of_target(method, target)) is None:
            return f"Refused: the request target {_shown(target)} is neither a path nor a URL of this machine."
        traces = _traces_of(headers, target_hosts, reads=method.upper() in ("GET", "HEAD"))
        is_short = sum(len(value) for values in traces[:4] for value in values) <= CACHED_CHARACTERS
        refusal, is_own_page = (self._cached_verdict if is_short else self._judge)(traces)
        if (
            refusal is None
            and traces.reads
            and not is_own_page
            and _acts(target)
            and _any_page_can_send(traces, headers)
        ):
            return (
                "Refused: any web page can send a GET request with an Action. Send it as POST; or send it to "
                "127.0.0.1 with an Authorization header."
            )
        return refusal

    def _judge(self, traces: Traces) -> tuple[str | None, bool]:
        """The refusal, if any, and whether the request comes from a page that may use this server."""
        hosts, origins, referers, sites, reads = traces
        if len(hosts) > 1:
            return "Refused: the request names several hosts.", False
        if hosts and not self._is_own_host(hosts[0]):
            return _refused_host(hosts[0]), False
        own_site = _name_of(hosts[0]) if hosts and reads and not origins else None
        is_own_page = False
        for source in origins + tuple(_origin_of(referer) for referer in referers):
            if self._is_allowed_origin(source):
                is_own_page = True
            elif own_site is None or _name_of_origin(source) != own_site:
                return _refused_origin(source), False
        if not (origins or referers) and any(site.strip().lower() == "cross-site" for site in sites):
            return _refused_origin("unknown (Sec-Fetch-Site: cross-site)"), False
        return None, is_own_page

    def _is_own_host(self, host: str) -> bool:
        name = _name_of(host)
        if name is None or (_is_public(name) and self._has_public_name):
            return name is not None
        return _is_loopback(name) or name in self._hosts

    def _is_allowed_origin(self, origin: str) -> bool:
        if origin.strip().rstrip("/").lower() in self._origins:
            return True
        name = _name_of_origin(origin)
        return name is not None and _is_loopback(name)


def _hosts_of_target(method: str, target: str) -> tuple[str, ...] | None:
    """The host that a target in absolute form names, if it has that form; None for a target that no server should
    accept.
    """
    if target.startswith("/") or (target == "*" and method == "OPTIONS"):
        return ()
    url = URL.match(target.lower())
    return (url["host"],) if url and url["host"] else None


def _traces_of(headers: Headers, target_hosts: tuple[str, ...], reads: bool) -> Traces:
    sent: dict[str, list[str]] = {"host": [], "origin": [], "referer": [], "sec-fetch-site": []}
    for name, value in headers:
        if (values := sent.get(name.strip().lower())) is not None:
            values.append(value)
    hosts = sent["host"]
    # a client that names the host in its target sends the same Host (RFC 9112, 3.2)
    if target_hosts and [host.strip().lower() for host in hosts] != list(target_hosts):
        hosts += target_hosts
    referers = (referer for referer in sent["referer"] if referer)  # empty if the page requests none
    return Traces(tuple(hosts), tuple(sent["origin"]), tuple(referers), tuple(sent["sec-fetch-site"]), reads)


def _any_page_can_send(traces: Traces, headers: Headers) -> bool:
    """Whether an image or a link could make this GET, or a page under the public name, whose scripts may sign it."""
    is_signed = any(name.strip().lower() == "authorization" for name, _ in headers)
    return not is_signed or any(_is_public(_name_of(host)) for host in traces.hosts)


def _acts(target: str) -> bool:
    """Whether the query names an action of AWS's query protocol. `%41ction` and `action` count as well."""
    _, _, query = target.partition("?")
    if not query:
        return False
    # both separators: servers differ in whether they take the second
    parts = query.replace("#", "&").split(";")
    return any(name.strip().lower() == "action" for part in parts for name, _ in parse_qsl(part, True))


def _is_loopback(name: str) -> bool:
    if name == LOOPBACK_NAME or name.endswith(f".{LOOPBACK_NAME}"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _is_public(name: str | None) -> bool:
    return name is not None and (name == PUBLIC_NAME or name.endswith(f".{PUBLIC_NAME}"))


def _name_of(host: str) -> str | None:
    """The name or address in `host[:port]`, in lower case; None when the text is neither."""
    # before lower(), which turns the Kelvin sign into a k
    matched = HOST.fullmatch(host.strip(" \t").lower()) if host.isascii() else None
    if matched is None or int(matched["port"] or 0) > HIGHEST_PORT:
        return None
    return matched["name"].strip("[]").removesuffix(".")


def _name_of_origin(origin: str) -> str | None:
    """The name of an http or https origin, `scheme://host[:port]`; None for any other."""
    if not origin.isascii():
        return None
    text = origin.strip(" \t").lower().removesuffix("/")
    url = URL.fullmatch(text)
    return _name_of(url["host"]) if url else None


def _origin_of(referer: str) -> str:
    origin = ORIGIN.match(referer)
    return origin[0] if origin else referer


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
    return ascii(text[:SHOWN_CHARACTERS])
