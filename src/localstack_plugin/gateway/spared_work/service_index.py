"""The index by which LocalStack finds the service that a request is for.

LocalStack builds it from the models of all 400 services, which takes seconds and 200 MB, and keeps it as a pickle in
the cloud's state. With this replacement it is a JSON file in LocalStack's environment. Running this module creates the
file when the environment is set up; otherwise the first server that needs it does.
"""

import json
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from localstack.aws.spec import LazyServiceCatalogIndex, ServiceCatalogIndex, ServiceModelIdentifier

from localstack_plugin.replacing import replace

INDEXES = ("target_prefix_index", "signing_name_index", "operations_index", "endpoint_prefix_index")

Index = dict[str, list[ServiceModelIdentifier]]


def index_file() -> Path:
    """Return the path of the file for the installed versions, in the environment in which LocalStack is installed."""
    versions = f"{version('localstack-core')}-{version('botocore')}"
    return Path(sys.prefix) / "share" / "localstack_plugin" / f"service-index-{versions}.json"


def index_of_services(_: object = None) -> ServiceCatalogIndex:
    """Return the index from its file; if there is none, build it, and write the file if possible."""
    file = index_file()
    try:
        return from_json(file.read_text())
    except (OSError, ValueError, LookupError, TypeError):
        index = LazyServiceCatalogIndex()
        with suppress(OSError):
            write(file, to_json(index))
        return ServiceCatalogIndex(index.service_names, *(getattr(index, name) for name in INDEXES))


def to_json(index: LazyServiceCatalogIndex) -> str:
    """Return the services' names, the identifiers, and for each index the numbers of the identifiers under each key."""
    numbers: dict[ServiceModelIdentifier, int] = {}
    indexes = [
        {key: [numbers.setdefault(each, len(numbers)) for each in found] for key, found in getattr(index, name).items()}
        for name in INDEXES
    ]
    return json.dumps([index.service_names, list(numbers), indexes], separators=(",", ":"))


def from_json(text: str) -> ServiceCatalogIndex:
    names, fields, indexes = json.loads(text)
    identifiers = [
        ServiceModelIdentifier(name, protocol, None if protocols is None else tuple(protocols))
        for name, protocol, protocols in fields
    ]
    return ServiceCatalogIndex(names, *(resolved(index, identifiers) for index in indexes))


def resolved(index: dict[str, list[int]], identifiers: list[Any]) -> Index:
    return {key: [identifiers[number] for number in numbers] for key, numbers in index.items()}


def write(file: Path, text: str) -> None:
    """Write the file and move it into place, because another server may be reading it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}")
    partial.write_text(text)
    partial.replace(file)


def install() -> None:
    replace(
        "localstack.aws.spec:load_service_index_cache",
        "localstack.aws.spec:build_service_index_cache",
        by=index_of_services,
        why="After each start LocalStack loads the models of all 400 services for the first request, makes an index of "
        "them and pickles it, which takes seconds, and keeps the models. Instead, the index is read from a JSON "
        "file beside its packages.",
    )


if __name__ == "__main__":
    index_of_services()
