"""The folder that a function sees as /opt: the contents of its layers, the later ones over the earlier ones."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion


def prepare_layers(version: FunctionVersion) -> None:
    """Unpack the layers, and merge them if there are several."""
    for layer in version.config.layers:
        layer.code.prepare_for_execution()
    merged = merged_folder(version)
    if len(version.config.layers) > 1 and not merged.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="layers-"))
        for layer in version.config.layers:
            shutil.copytree(layer.code.get_unzipped_code_location(), unfinished, symlinks=True, dirs_exist_ok=True)
        unfinished.rename(merged)


def layers_of(version: FunctionVersion) -> Path | None:
    """Return the folder, or None for a function without layers."""
    layers = version.config.layers
    if len(layers) > 1:
        return merged_folder(version)
    return Path(layers[0].code.get_unzipped_code_location()) if layers else None


def remove_layers(version: FunctionVersion) -> None:
    shutil.rmtree(merged_folder(version), ignore_errors=True)


def merged_folder(version: FunctionVersion) -> Path:
    return Path(tempfile.gettempdir(), f"layers-of-{version.config.internal_revision}-{version.id.qualifier}")
