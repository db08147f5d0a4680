"""LocalStack's server, bound to the addresses that GATEWAY_LISTEN names.

The original ignores the host there and binds every interface. Two servers can be chosen with GATEWAY_SERVER: `loopback`
refuses an address that other machines can reach, `container` binds any.
"""

from localstack.config import HostAndPort
from localstack.runtime.server.core import RuntimeServer
from rolo.gateway import Gateway

from localstack_plugin.gateway.http_server.access import Access
from localstack_plugin.gateway.http_server.connections import Connections
from localstack_plugin.gateway.http_server.gateway_application import GatewayApplication
from localstack_plugin.gateway.http_server.listener import Listener
from localstack_plugin.gateway.loopback import loopback
from localstack_plugin.gateway.quick_requests import is_quick
from localstack_plugin.settings import from_environment

STOP_TIMEOUT_S = 1.0
"""How long the requests in progress may take when LocalStack is told to stop. `ending` limits the whole end."""


class ContainerRuntimeServer(RuntimeServer):
    """Plain HTTP on the addresses asked for. In a container, only its network and the published port reach them."""

    def register(self, gateway: Gateway, listen: list[HostAndPort], ssl_creds: tuple[str, str] | None = None) -> None:
        guard = from_environment().guard
        access = Access(guard.allowed_hosts, guard.allowed_origins)
        self._listener = Listener(Connections(GatewayApplication(gateway), access, is_quick).serve)
        for address in listen:
            self._listener.listen(self._interface(address.host), address.port)

    def run(self) -> None:
        self._listener.run(STOP_TIMEOUT_S)

    def shutdown(self) -> None:
        self._listener.stop()

    def _interface(self, host: str) -> str:
        return host


class LoopbackRuntimeServer(ContainerRuntimeServer):
    """Plain HTTP on loopback addresses only, where nothing needs TLS."""

    def _interface(self, host: str) -> str:
        return loopback(host)
