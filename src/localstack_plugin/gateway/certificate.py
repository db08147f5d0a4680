"""No certificate for the gateway, whose servers speak plain HTTP."""

from localstack_plugin.replacing import replace


def install() -> None:
    replace(
        "localstack.utils.ssl:create_ssl_cert",
        by=no_certificate,
        why="LocalStack signs a certificate when it starts, in a way that newer versions of pyOpenSSL do not support. "
        "The plugin's servers speak plain HTTP, so no certificate is made.",
    )


def no_certificate(serial_number: int | None = None) -> tuple[str, str, str]:
    """Return empty names for the certificate with its key, the certificate and the key."""
    return "", "", ""
