"""LocalStack's server, bound to the addresses that GATEWAY_LISTEN names.

The original ignores the host there and binds every interface. Two servers can be chosen with GATEWAY_SERVER: `loopback`
refuses an address that other machines can reach, `container` binds any.
"""

from functools import lru_cache

from localstack.config import HostAndPort
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.gateway import Gateway
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor
from twisted.internet.interfaces import IProtocolFactory

from localstack_plugin.gateway.guarded_request import GatewayAccess, GuardedRequest
from localstack_plugin.gateway.loopback import loopback
from localstack_plugin.replacing import wrap
from localstack_plugin.settings import from_environment

CONTENT_TYPES = 256
STOP_TIMEOUT_S = 1.0
"""How long the requests in progress may take when LocalStack is told to stop. `ending` limits the whole end."""


class GuardedGateway(TwistedGateway):
    """A gateway whose requests are guarded.

    It has no access log of twisted, which costs as much as routing: LocalStack logs every request itself.
    """

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self.access = GatewayAccess(from_environment())
        self.requestFactory = GuardedRequest
        wrap(
            "twisted.web.http:_parseContentType",
            wrapper=lru_cache(CONTENT_TYPES),
            why="Twisted parses the Content-Type of every request as a mail header. Only a few different values "
            "occur, so each is parsed once.",
        )

    def log(self, request: object) -> None:
        pass


class ContainerRuntimeServer(TwistedRuntimeServer):
    """Plain HTTP on the addresses asked for. In a container, only its network and the published port reach them."""

    def register(self, gateway: Gateway, listen: list[HostAndPort], ssl_creds: tuple[str, str] | None = None) -> None:
        site: IProtocolFactory = GuardedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=self._interface(address.host))

    def _interface(self, host: str) -> str:
        return host

    def shutdown(self) -> None:
        """Stop the reactor from LocalStack's shutdown thread.

        The original calls `reactor.stop` in that thread, which the reactor does not notice until the next event.
        """
        if self.thread_pool:
            self.thread_pool.stop(timeout=STOP_TIMEOUT_S)
        reactor.callFromThread(reactor.stop)


class LoopbackRuntimeServer(ContainerRuntimeServer):
    """Plain HTTP on loopback addresses only, where nothing needs TLS."""

    def _interface(self, host: str) -> str:
        return loopback(host)
