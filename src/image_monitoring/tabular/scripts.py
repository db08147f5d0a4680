"""The user's scripts: `preprocess_handler` turns a captured record into rows, `postprocess_handler` runs at the end.

They run inside the job's container, as on AWS. Their contract, and the attributes of the record that the handler gets,
are those of "Preprocessing and Postprocessing" in the developer guide.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from image_monitoring.contract import InputError
from image_monitoring.tabular.flattening import Row, flat

PREPROCESS, POSTPROCESS = "preprocess_handler", "postprocess_handler"


class EventData:
    """One side of a record."""

    def __init__(self, side: Mapping[str, Any]) -> None:
        self.encoding, self.data = side.get("encoding"), side.get("data")
        self.observedContentType, self.mode = side.get("observedContentType"), side.get("mode")

    def as_dict(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "data": self.data, "observedContentType": self.observedContentType}


class EventMetadata:
    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.event_id, self.event_time = metadata.get("eventId"), metadata.get("inferenceTime")
        self.custom_attribute = metadata.get("customAttributes")


class InferenceRecord:
    """The record that `preprocess_handler` gets."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        data = record.get("captureData", {})
        self.event_dict = record
        self.event_metadata = EventMetadata(record["eventMetadata"]) if "eventMetadata" in record else None
        self.endpoint_input = EventData(data["endpointInput"]) if "endpointInput" in data else None
        self.endpoint_output = EventData(data["endpointOutput"]) if "endpointOutput" in data else None
        self.event_version = record.get("eventVersion")

    def as_dict(self) -> dict[str, Any]:
        return dict(self.event_dict)


def load_handler(path: Path | None, name: str) -> Callable[..., Any] | None:
    """Return a function of a script, or None if there is no script. Raises InputError if it cannot be used."""
    if path is None:
        return None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InputError(f"{path.name} is not a Python script")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's script raises, the user must see
        raise InputError(f"{path.name} cannot be imported: {error!r}") from error
    handler: Callable[..., Any] | None = getattr(module, name, None)
    if handler is None:
        raise InputError(f"{path.name} has no function {name}")
    return handler


def preprocessed(handler: Callable[..., Any], record: Mapping[str, Any]) -> list[Row]:
    """Return the rows that a handler makes of a record: it returns one object, a list of objects, or None."""
    try:
        result = handler(InferenceRecord(record))
    except Exception as error:  # as above
        raise InputError(f"{PREPROCESS} failed: {error!r}") from error
    if result is None:
        return []
    results = [result] if isinstance(result, Mapping) else list(result) if isinstance(result, Iterable) else [result]
    if not all(isinstance(one, Mapping) for one in results):
        raise InputError(f"{PREPROCESS} must return an object or a list of objects, not {type(result).__name__}")
    return [dict(flat(dict(one))) for one in results]
