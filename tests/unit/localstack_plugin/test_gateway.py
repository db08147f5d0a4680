import pytest

from localstack_plugin.gateway.headers import end_to_end
from localstack_plugin.gateway.loopback import NotLoopbackError, loopback


def test_headers_of_the_connection_are_not_forwarded() -> None:
    headers = [("Host", "a"), ("Content-Length", "1"), ("TRANSFER-ENCODING", "chunked"), ("X-Amz-Target", "b")]
    assert end_to_end(headers) == {"X-Amz-Target": "b"}


@pytest.mark.parametrize(("host", "bound"), [("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1")])
def test_a_loopback_address_is_bound(host: str, bound: str) -> None:
    assert loopback(host) == bound


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2"])  # noqa: S104
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(NotLoopbackError, match=f"GATEWAY_LISTEN is '{host}'.*set it to 127"):
        loopback(host)
