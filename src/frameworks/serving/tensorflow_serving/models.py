"""SavedModels in /opt/ml/model, by name and version, and their predictions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frameworks.serving.tensorflow_serving.tensors import BadRequest, answer_of, inputs_of

SIGNATURES = ("serving_default", "serve")  # tf.saved_model.save's, and Keras 3's without that name
VERSION = re.compile(r"\d+")


class ModelNotFound(Exception):
    """No such model, version or signature."""


@dataclass(frozen=True)
class SavedModel:
    """One version of a model. `loaded` is what `tf.saved_model.load` returned."""

    loaded: Any
    tensorflow: Any

    def predict(self, request: str) -> dict[str, Any]:
        """Answer a request of the predict API. Raises BadRequest or ModelNotFound."""
        try:
            document = json.loads(request)
        except ValueError as error:
            raise BadRequest(f"JSON Parse error: {error}") from error
        signature = self.signature(document.get("signature_name") if isinstance(document, dict) else None)
        specs = signature.structured_input_signature[1]
        values, by_rows = inputs_of(document, sorted(specs))
        tensors = {name: self._tensor(name, value, specs[name]) for name, value in values.items()}
        return answer_of(self._outputs(signature, tensors), by_rows)

    def signature(self, name: str | None) -> Any:
        signatures = self.loaded.signatures
        for candidate in (name,) if name else SIGNATURES:
            if candidate in signatures:
                return signatures[candidate]
        raise BadRequest(f'Serving signature name: "{name or SIGNATURES[0]}" not found in signature def')

    def _tensor(self, name: str, value: Any, spec: Any) -> Any:
        try:
            tensor = self.tensorflow.convert_to_tensor(value, dtype=spec.dtype)
        except (TypeError, ValueError) as error:
            raise BadRequest(f"Failed to process element of '{name}': {error}") from error
        if not spec.shape.is_compatible_with(tensor.shape):
            raise BadRequest(f"'{name}' has the shape {tuple(tensor.shape)}, but the model takes {spec.shape}")
        return tensor

    def _outputs(self, signature: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {name: tensor.numpy() for name, tensor in signature(**tensors).items()}
        except self.tensorflow.errors.OpError as error:
            raise BadRequest(str(error.message)) from error


@dataclass(frozen=True)
class Models:
    """All versions of all models. Without a name in the request, `default` answers, with its latest version."""

    default: str
    versions: Mapping[str, Mapping[int, SavedModel]] = field(default_factory=dict)

    @classmethod
    def load(cls, model_dir: Path, default: str | None = None) -> Models:
        """Load every SavedModel below a numbered folder. ValueError, with AWS's words, if there is none."""
        folders = sorted(
            path.parent for path in model_dir.rglob("saved_model.pb") if VERSION.fullmatch(path.parent.name)
        )
        if not folders:
            raise ValueError("no SavedModel bundles found!")
        import tensorflow

        versions: dict[str, dict[int, SavedModel]] = {}
        for folder in folders:
            model = SavedModel(tensorflow.saved_model.load(str(folder)), tensorflow)
            versions.setdefault(_name(folder, model_dir), {})[int(folder.name)] = model
        return cls(default or _name(folders[0], model_dir), versions)

    def find(self, name: str | None, version: str | None) -> SavedModel:
        """Return a version of a model, the latest by default. Raises ModelNotFound."""
        versions = self.versions.get(name or self.default, {})
        number = max(versions, default=0) if version is None else int(version)
        if number not in versions:
            raise ModelNotFound(
                f"Servable not found for request: {f'Specific({name or self.default}, {version})' if version else ''}"
                f"{'' if version else f'Latest({name or self.default})'}"
            )
        return versions[number]


def _name(folder: Path, model_dir: Path) -> str:
    """Return the model's name: the folder above the version, or `model` at the top of the archive."""
    return "model" if folder.parent == model_dir else folder.parent.name
