"""The baseline as the tests need it: reference values of each feature, class counts, and the embedding's axes.

A baseline is a folder. `statistics.json` has the values of every feature as the data of its KLL sketch, where programs
that read Model Monitor's documents look for them. The rows of all features have the same order. `embedding.npz` has the
rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_monitoring.contract import InputError
from image_monitoring.measuring import scores
from image_monitoring.measuring.sampling import Floats
from image_monitoring.monitoring_config import ENABLED, of_feature
from image_monitoring.served_model.model_files import ServedModel, read_model

EMBEDDING_FILE = "embedding.npz"
AXES = 12  # of the embedding, by variance
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"


@dataclass(frozen=True)
class Embedding:
    """Principal axes of the reference's embeddings, and the reference's coordinates on them."""

    mean: Floats
    axes: Floats  # dimensions, axes
    values: Floats  # rows, axes

    @classmethod
    def of(cls, embeddings: Floats) -> Embedding:
        mean = embeddings.mean(0)
        _, sizes, vectors = np.linalg.svd(embeddings - mean, full_matrices=False)
        kept = min(AXES, int((sizes > sizes[0] * 1e-4).sum())) if len(sizes) else 0
        axes = vectors[:kept].T
        return cls(mean, axes, (embeddings - mean) @ axes)

    def project(self, embeddings: Floats) -> Floats:
        result: Floats = (embeddings - self.mean) @ self.axes
        return result

    def write(self, folder: Path) -> None:
        np.savez_compressed(folder / EMBEDDING_FILE, mean=self.mean, axes=self.axes, values=self.values)

    @classmethod
    def read(cls, folder: Path) -> Embedding | None:
        path = folder / EMBEDDING_FILE
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["mean"], arrays["axes"], arrays["values"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{EMBEDDING_FILE} of the baseline cannot be read: {error}") from error


@dataclass(frozen=True)
class Reference:
    """A baseline that was read. values: by feature, with rows in the same order; NaN for a missing value."""

    values: Mapping[str, Floats]
    class_counts: Mapping[str, int]
    statistics: Mapping[str, Any]
    constraints: Mapping[str, Any]
    embedding: Embedding | None = None
    model: ServedModel | None = None

    @property
    def classes(self) -> int:
        return len(self.class_counts)

    def column(self, name: str) -> Floats:
        values = self.values.get(name, np.empty(0))
        return values[~np.isnan(values)]

    def setting(self, name: str, default: float) -> float:
        """Return a setting of the analyzer in the constraints, which a person may edit."""
        settings = self.constraints.get("monitoring_config", {}).get("image_monitoring", {})
        return float(settings.get(name, default))

    def evaluates(self, name: str) -> bool:
        """Return whether a feature, a metric or a test of another name may be a violation."""
        return bool(self._config(name).get("evaluate_constraints", ENABLED) == ENABLED)

    def compares(self, name: str) -> bool:
        """Return whether a drift of a feature may be a violation."""
        distribution = self._config(name).get("distribution_constraints") or {}
        return self.evaluates(name) and bool(distribution.get("perform_comparison", ENABLED) == ENABLED)

    @property
    def emits_metrics(self) -> bool:
        return bool(self._config("").get("emit_metrics", ENABLED) == ENABLED)

    def _config(self, name: str) -> Mapping[str, Any]:
        config: Mapping[str, Any] = self.constraints.get("monitoring_config") or {}
        features = self.constraints.get("features") or []
        return next((of_feature(config, feature) for feature in features if feature["name"] == name), config)


def read_reference(statistics: Path, constraints: Path) -> Reference:
    """Read a baseline. Raises InputError. Embedding and model are in the folder of the statistics, or absent."""
    documents = read_json(statistics), read_constraints(constraints)
    values: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    try:
        for feature in documents[0].get("features", []):
            if feature["name"] == scores.PREDICTED:
                buckets = feature["string_statistics"]["distribution"]["categorical"]["buckets"]
                counts = {str(bucket["value"]): int(bucket["count"]) for bucket in buckets}
            elif "numerical_statistics" in feature:
                values[feature["name"]] = sketch_values(feature["numerical_statistics"])
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"{statistics.name} of the baseline is not one of this analyzer: {error!r}") from error
    folder = statistics.parent
    return Reference(values, counts, *documents, Embedding.read(folder), read_model(folder))


def read_constraints(path: Path) -> dict[str, Any]:
    """Read constraints.json. Raises InputError if it is not as documented, perhaps because a person has edited it."""
    document = read_json(path)
    try:
        config = dict(document.get("monitoring_config") or {})
        for feature in document.get("features") or []:
            dict(of_feature(config, feature).get("distribution_constraints") or {}, name=feature["name"])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path.name} of the baseline is not as documented: {error!r}") from error
    return document


def sketch_values(statistics: Mapping[str, Any]) -> Floats:
    levels = statistics["distribution"]["kll"]["sketch"]["data"]
    return np.array([np.nan if value is None else value for value in levels[0]], np.float64)


def read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} holds a {type(document).__name__} instead of an object")
    return document
