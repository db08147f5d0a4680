"""Load in the background, as soon as LocalStack is ready, what its first request needs.

LocalStack loads its index of all AWS services with the first request, and each service with its first one. The first
line of a notebook, `default_bucket()`, would wait for it.
"""

from threading import Thread

from localstack.aws.protocol.service_router import get_service_catalog
from localstack.services.plugins import SERVICE_PLUGINS

SERVICES = ("sts", "iam", "s3")


def prepare() -> None:
    Thread(target=_load, name="prepare-first-requests", daemon=True).start()


def _load() -> None:
    get_service_catalog()
    for service in SERVICES:
        SERVICE_PLUGINS.require(service)
