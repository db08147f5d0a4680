"""The files of a channel as a DMatrix: csv, libsvm, parquet and recordio-protobuf.

The label is the first column; with `csv_weights` the second is the weight of the instance.
Source: sagemaker_xgboost_container/data_utils.py
"""

from __future__ import annotations

import csv
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import xgboost as xgb

from frameworks.xgboost_algorithm.content_types import CSV, LIBSVM, PARQUET, RECORDIO
from frameworks.xgboost_algorithm.errors import UserError
from frameworks.xgboost_algorithm.records import read_records

MAX_FOLDER_DEPTH = 3
SNIPPET_CHARACTERS = 50

log = logging.getLogger(__name__)


def matrix_of_channels(folders: Sequence[Path], data_format: str, csv_weights: bool = False) -> xgb.DMatrix | None:
    """Return the data of one or several channels as one matrix, or None if they have none. Raises UserError."""
    files = [file for folder in folders for file in files_of(folder)]
    if not any(file.stat().st_size for file in files):
        return None
    read: Callable[[list[Path]], xgb.DMatrix] = {
        CSV: lambda paths: _read_csv(paths, csv_weights),
        LIBSVM: _read_libsvm,
        PARQUET: _read_parquet,
        RECORDIO: _read_recordio,
    }[data_format]
    matrix = read(files)
    if matrix.get_label().size == 0:
        raise UserError("Got input data without labels. Please check the input data set.")
    return matrix


def files_of(folder: Path) -> list[Path]:
    """Return the files of a channel, down to three levels of folders. Raises UserError for a hidden file."""
    files: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        if any(name.startswith(".") for name in names):
            raise UserError("Hidden file found in the data path! Remove that before training.")
        depth = len(Path(root).relative_to(folder).parts) + 1
        if depth > MAX_FOLDER_DEPTH and names:
            log.warning(
                "The depth of folder %s exceed the limit %d. Files in deeper sub dirs won't be loaded.", folder, 3
            )
        elif depth <= MAX_FOLDER_DEPTH:
            files += [Path(root) / name for name in sorted(names)]
    return files


def _read_csv(files: list[Path], has_weights: bool) -> xgb.DMatrix:
    delimiter = _delimiter(files[0])
    try:
        tables = [pd.read_csv(file, header=None, sep=delimiter) for file in files]
        table = pd.concat(tables, ignore_index=True).to_numpy()
        # AWS assumes that there is no header; here one is an error
        table = table.astype("float32")
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"Failed to load csv data with exception:\n{error}") from error
    first_feature = 2 if has_weights else 1
    weights = table[:, 1] if has_weights else None
    return xgb.DMatrix(table[:, first_feature:], label=table[:, 0], weight=weights)


def _delimiter(file: Path) -> str:
    with file.open(errors="ignore") as lines:
        line = lines.readline()
    try:
        delimiter = csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(f"Could not determine delimiter on line {line[:SNIPPET_CHARACTERS]}:\n{error}") from error
    log.info("Determined delimiter of CSV input is '%s'", delimiter)
    return delimiter


def _read_libsvm(files: list[Path]) -> xgb.DMatrix:
    for file in files:
        _require_libsvm(file)
    # XGBoost reads all files of one folder
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            _link(file, Path(folder) / f"{number}-{file.name}")
        try:
            return xgb.DMatrix(f"{folder}?format=libsvm")
        except (xgb.core.XGBoostError, ValueError) as error:
            raise UserError(f"Failed to load libsvm data with exception:\n{error}") from error


def _link(file: Path, target: Path) -> None:
    try:
        target.symlink_to(file)
    except OSError:
        shutil.copyfile(file, target)


def _require_libsvm(file: Path) -> None:
    """Check the lines until the first that has features, as AWS does."""
    with file.open(errors="ignore") as lines:
        for line in lines:
            words = line.split(" ")
            if not _is_label(words[0]) or not all(":" in word for word in words[1:] if word.strip()):
                raise UserError(
                    f"First line '{line[:SNIPPET_CHARACTERS]}...' of file '{file.name}' is not 'LIBSVM' format. Please "
                    "ensure the file is in 'LIBSVM' format."
                )
            if len(words) > 2:
                return


def _is_label(word: str) -> bool:
    """Whether a word is `<label>` or `<label>:<weight>`."""
    parts = word.split(":")
    try:
        return len(parts) <= 2 and all(float(part) is not None for part in parts)
    except ValueError:
        return False


def _read_parquet(files: list[Path]) -> xgb.DMatrix:
    try:
        table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True).to_numpy()
        return xgb.DMatrix(table[:, 1:], label=table[:, 0])
    except (ValueError, OSError, ImportError) as error:
        raise UserError(f"Failed to load parquet data with exception:\n{error}") from error


def _read_recordio(files: list[Path]) -> xgb.DMatrix:
    try:
        features, labels = read_records(b"".join(file.read_bytes() for file in files))
    except ValueError as error:
        raise UserError(f"Failed to load recordio-protobuf data with exception:\n{error}") from error
    return xgb.DMatrix(features, label=labels)
