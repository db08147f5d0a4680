"""Reference paths: they name one place in a document, where ResultPath writes."""

from typing import Any

from localstack_plugin.stepfunctions.paths.steps import Indexes, Names, Path, Step


class ReferencePathError(ValueError):
    """The document has no place for the value at the path."""


def is_reference(path: Path) -> bool:
    """Whether the path has only names and indexes, as a reference path may."""
    return all(
        (isinstance(step, Names) and len(step.names) == 1) or (isinstance(step, Indexes) and step.definite)
        for step in path.steps
    )


def written(path: Path, document: Any, value: Any) -> Any:
    """Put the value at the place of the path, into a document that may be changed. Objects that lack are created."""
    return put(path.steps, document, value)


def put(steps: tuple[Step, ...], document: Any, value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, Names):
        if document is None:
            document = {}
        if not isinstance(document, dict):
            raise ReferencePathError(f"{step} is not a field of an object")
        document[step.names[0]] = put(rest, document.get(step.names[0]), value)
        return document
    assert isinstance(step, Indexes)
    index = step.indexes[0]
    if not isinstance(document, list) or not 0 <= index < len(document):
        raise ReferencePathError(f"{step} is not an element of an array")
    document[index] = put(rest, document[index], value)
    return document
