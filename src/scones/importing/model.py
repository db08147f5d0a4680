"""The resources that an import creates, as they were read from files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STANDARD = "STANDARD"


@dataclass(frozen=True)
class Place:
    """The account and region that replace those of the export."""

    account: str
    region: str


@dataclass(frozen=True)
class StateMachine:
    """A definition as an object. Its role is the ARN in the export, or empty."""

    name: str
    definition: Mapping[str, Any]
    source: Path
    kind: str = STANDARD
    role: str = ""


@dataclass(frozen=True)
class FunctionSettings:
    """The settings of a function in a template. The defaults apply to settings that the template leaves out."""

    handler: str | None = None
    runtime: str = "python3.11"
    timeout_s: int = 60
    memory_mb: int = 512
    environment: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Code:
    """The code of a function: a zip file, a folder, or a Python file. If it is part of a file, `text` has that part,
    which becomes the module `module`.
    """

    name: str
    source: Path
    text: str | None = None
    module: str = "lambda_function"


@dataclass(frozen=True)
class TemplateFunction:
    """A function of a template. `code` is None if the template names an object in a bucket."""

    name: str
    code: Code | None
    settings: FunctionSettings


@dataclass(frozen=True)
class Layer:
    """A zip file with `python/` at its top, or a folder that has one."""

    name: str
    source: Path


@dataclass
class Export:
    """The content of the files. `problems` has a line for each thing that cannot be imported; `taken` has the
    definitions that belong to a template.
    """

    machines: list[StateMachine] = field(default_factory=list)
    functions: list[TemplateFunction] = field(default_factory=list)
    code: list[Code] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    taken: set[Path] = field(default_factory=set)
