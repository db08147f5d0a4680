"""Model files: `xgboost-model`, and checkpoints of single rounds, in XGBoost's own formats."""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path

import xgboost as xgb

MODEL_NAME = "xgboost-model"
PICKLE_START = b"\x80"  # pickles of protocol 2 and later
CHECKPOINT = re.compile(r"xgboost-checkpoint\.(\d+)")
CHECKPOINTS_KEPT = 5

log = logging.getLogger(__name__)


class UnusableModel(Exception):
    """The folder has no file that XGBoost can load."""


def load_boosters(folder: Path, ensemble: bool) -> list[xgb.Booster]:
    """Load every model, for an ensemble, or the first. Raises UnusableModel.

    AWS's images before 1.3 pickled the model, and all images unpickle a file first. A pickle runs code of whoever wrote
    it, so it is refused here.
    """
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise UnusableModel(f"no model in {folder}: the archive must have a file such as {MODEL_NAME}")
    return [load_booster(file) for file in (files if ensemble else files[:1])]


def load_booster(file: Path) -> xgb.Booster:
    log.info("Loading the model from %s", file)
    content = file.read_bytes()
    if content.startswith(PICKLE_START):
        raise UnusableModel(
            f"Model {file} is a pickle, which is not loaded here because it may run code. Save it with "
            "booster.save_model, or serve it with a script whose model_fn unpickles it."
        )
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(content))  # by the file's name, XGBoost would guess a format from its ending
    except (xgb.core.XGBoostError, ValueError) as error:
        raise UnusableModel(f"Model {file} cannot be loaded:\nXGB load model error={error}") from error
    return booster


def model_bytes(booster: xgb.Booster) -> bytes:
    """Return a model in UBJSON, or in the only format of XGBoost before 1.6."""
    try:
        return bytes(booster.save_raw(raw_format="ubj"))
    except TypeError:
        return bytes(booster.save_raw())


def write_model(content: bytes, path: Path) -> None:
    """Write a model in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".sagemaker-ignore", delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def write_checkpoint(content: bytes, folder: Path, number: int) -> None:
    """Write the model of a round, and remove all but the latest ones."""
    write_model(content, folder / f"xgboost-checkpoint.{number}")
    for _, path in _checkpoints(folder)[:-CHECKPOINTS_KEPT]:
        path.unlink()


def latest_checkpoint(folder: Path | None) -> tuple[xgb.Booster | None, int]:
    """Return the model of the latest checkpoint and the number of rounds that it has, or None and 0."""
    checkpoints = _checkpoints(folder) if folder else []
    if not checkpoints:
        return None, 0
    latest, path = checkpoints[-1]
    return load_booster(path), latest + 1


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    matches = ((CHECKPOINT.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in matches if match)
