"""Read JSON and YAML files: imported files of unknown origin, and the kit's own template.

YAML is read as YAML 1.2, as by the toolkits for the states language: `Yes` and `2012-10-17` are strings. The tags of
CloudFormation become their long forms: `!Sub x` is `{"Fn::Sub": "x"}`. Aliases are refused, as CloudFormation does,
because a few lines of them can expand to gigabytes.
"""

import codecs
import json
from pathlib import Path
from typing import Any

import yaml

from scones.errors import ImportedFileError

SUFFIXES = frozenset({".json", ".yaml", ".yml", ".asl", ".template"})
SIZE_BYTES_MAX = 2_000_000  # a definition has at most 1 MiB on AWS, a template 1 MB
SHORT_FORMS = {"Ref": "Ref", "Condition": "Condition"}


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses aliases, and whose plain scalars are JSON's types or strings."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*name): write its value out")
        return super().compose_node(parent, index)


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {SHORT_FORMS.get(suffix, f"Fn::{suffix}"): value}


def _json_scalars() -> dict[str, list[tuple[str, Any]]]:
    """Return SafeLoader's resolvers without those that YAML 1.2 has dropped: timestamps, `<<`, and yes, no, on, off."""
    dropped = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge"}
    return {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in dropped and not (tag.endswith(":bool") and first not in "tTfF")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.yaml_implicit_resolvers = _json_scalars()
_Loader.add_multi_constructor("!", _short_form)


def read(file: Path) -> Any:
    """Return the document in a file.

    Raises:
        ImportedFileError: it is too large, or neither JSON nor YAML; the message names the line.
    """
    if file.stat().st_size > SIZE_BYTES_MAX:
        raise ImportedFileError(f"{file} has more than {SIZE_BYTES_MAX:,} bytes: it cannot be a state machine")
    try:
        return parse(_decoded(file.read_bytes()))
    except UnicodeDecodeError as error:
        raise ImportedFileError(f"{file} is not UTF-8 text: {error}") from error
    except ImportedFileError as error:
        raise ImportedFileError(f"{file} cannot be read: {error}") from error


def _decoded(data: bytes) -> str:
    """Decode UTF-8, or the UTF-16 of Windows PowerShell, which writes it for `aws ... > machine.json`."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf_16 else "utf-8-sig")


def parse(text: str) -> Any:
    """Parse a document: as JSON if it begins with a brace or a bracket, otherwise as YAML."""
    try:
        if text.lstrip().startswith(("{", "[")):
            return json.loads(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ImportedFileError(" ".join(str(error).split())) from error
