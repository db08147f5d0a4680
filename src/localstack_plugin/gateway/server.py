"""LocalStack's own server, on the addresses that it is told: the original ignores the host of GATEWAY_LISTEN and binds
every interface."""

from functools import lru_cache
from ipaddress import ip_address

from localstack.config import HostAndPort
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor
from twisted.internet.interfaces import IProtocolFactory
from twisted.web import http

from localstack_plugin.replacing import replace

CONTENT_TYPES = 256
STOP_TIMEOUT_S = 10.0
"""How long the requests in progress may take when LocalStack is told to stop."""


class NotLoopbackError(ValueError):
    """GATEWAY_LISTEN names an address that other machines can reach."""


class SparedGateway(TwistedGateway):
    """LocalStack logs every request itself; twisted's access log, which no one reads, costs as much as routing one. So
    does reading a content type by the rules of mail, of which requests have few."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        replace(http, "_parseContentType", lru_cache(CONTENT_TYPES)(http._parseContentType))

    def log(self, request: object) -> None:
        pass


class ContainerRuntimeServer(TwistedRuntimeServer):
    """Plain HTTP on the addresses asked for. In a container only its network sees them, and what is published."""

    def register(self, gateway: Gateway, listen: list[HostAndPort], ssl_creds: tuple[str, str] | None = None) -> None:
        site: IProtocolFactory = SparedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=self._interface(address.host))

    def _interface(self, host: str) -> str:
        return host

    def shutdown(self) -> None:
        """Called in a thread. `reactor.stop` there, as in the original, is not noticed until something else happens."""
        if self.thread_pool:
            self.thread_pool.stop(timeout=STOP_TIMEOUT_S)
        reactor.callFromThread(reactor.stop)


class LoopbackRuntimeServer(ContainerRuntimeServer):
    """The addresses must be loopback. Nothing on loopback needs TLS."""

    def _interface(self, host: str) -> str:
        return loopback(host)


def loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    if not ip_address(host).is_loopback:
        raise NotLoopbackError(f"GATEWAY_LISTEN asks for {host!r}, which others can reach: set it to 127.0.0.1:<port>")
    return host
