import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from image_classification.data.channels import (
    Format,
    InputChannel,
    check_channels,
    input_channel,
    parsed_content_type,
)
from image_classification.failure import CustomerError, PlatformError
from image_classification.paths import ContainerPaths

REC, PIPE = {"ContentType": "application/x-recordio"}, {"TrainingInputMode": "Pipe"}


@pytest.mark.parametrize(
    ("entry", "format_"),
    [
        ({}, Format.MANIFEST),
        ({"ContentType": "image/jpeg", "TrainingInputMode": "FastFile"}, Format.MANIFEST),
        (REC, Format.RECORDIO),
        ({**REC, "RecordWrapperType": "RecordIO"}, Format.RECORDIO),
        ({**REC, **PIPE}, Format.RECORDIO),
        ({**PIPE, "ContentType": "image/png", "RecordWrapperType": "RecordIO"}, Format.AUGMENTED_MANIFEST),
    ],
)
def test_content_type_mode_and_wrapper_decide_the_format(entry: dict[str, str], format_: Format) -> None:
    assert input_channel("train", entry).format is format_


def test_a_channel_defaults_to_images_in_files() -> None:
    assert input_channel("train", {}) == InputChannel("train", "application/x-image", "multi-hot", False, False)
    assert input_channel("model", {}).content_type == "application/x-sagemaker-model"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image/png", ("image/png", "multi-hot")),
        ("application/x-recordio; label-format=class-id", ("application/x-recordio", "class-id")),
        ("Application/X-RecordIO;label-format=multi-hot", ("application/x-recordio", "multi-hot")),
        (None, ("application/x-image", "multi-hot")),
    ],
)
def test_a_content_type_may_name_a_label_format(text: str | None, expected: tuple[str, str]) -> None:
    assert parsed_content_type("train", text) == expected


def test_a_manifest_channel_may_have_any_content_type() -> None:
    assert parsed_content_type("train_lst", "text/plain")[0] == "text/plain"


@pytest.mark.parametrize(
    ("name", "entry", "problem"),
    [
        ("test", {}, "The channel 'test' is not one of train, validation, train_lst, validation_lst, model"),
        ("train", {"TrainingInputMode": "pipe"}, "TrainingInputMode 'pipe' is not one of File, FastFile, Pipe"),
        ("train", {"ContentType": "text/csv"}, "The train channel's ContentType 'text/csv' is not one of"),
        ("model", REC, "The model channel's ContentType 'application/x-recordio' is not one of"),
        ("train", {"ContentType": "image/png; label-format=x"}, "label-format 'x' is not one of multi-hot, class-id"),
        ("train", PIPE, "TrainingInputMode 'Pipe' takes RecordIO"),
        ("model", PIPE, "The model channel's TrainingInputMode 'Pipe' is not supported; use 'File'"),
    ],
)
def test_an_entry_that_cannot_be_read_is_a_client_error(name: str, entry: dict[str, str], problem: str) -> None:
    with pytest.raises(CustomerError) as error:
        input_channel(name, entry)
    assert problem in str(error.value)


def test_an_entry_that_is_not_an_object_is_a_platform_error() -> None:
    with pytest.raises(PlatformError, match=r"The train channel in inputdataconfig\.json is a list, not an object"):
        input_channel("train", [])


FILES = {name: {"ContentType": "image/png"} for name in ("train", "validation", "train_lst", "validation_lst")}


def checked(base: Path, entries: Mapping[str, object], folders: Iterable[str] | None = None) -> dict[str, InputChannel]:
    paths = ContainerPaths(base)
    paths.input_data_config.parent.mkdir(parents=True)
    paths.input_data_config.write_text(json.dumps(entries))
    for name in entries if folders is None else folders:
        paths.channel(name).mkdir(parents=True)
    return check_channels(paths)


@pytest.mark.parametrize(
    "entries",
    [
        FILES,
        {**FILES, "model": {}},
        {"train": REC, "validation": REC},
        {"train": REC, "validation": REC, "train_lst": {}},
    ],
)
def test_the_channels_of_each_format_are_accepted(tmp_path: Path, entries: Mapping[str, object]) -> None:
    assert set(checked(tmp_path, entries)) == set(entries)


def test_a_piped_channel_has_no_folder(tmp_path: Path) -> None:
    assert checked(tmp_path, {name: {**REC, **PIPE} for name in ("train", "validation")}, folders=[])["train"].piped


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ({}, "Missing required channel(s): 'train', 'validation'. Training needs the channels train and validation."),
        ({"train": REC}, "Missing required channel(s): 'validation'."),
        ({"train": {}, "validation": {}}, "Missing required channel(s): 'train_lst', 'validation_lst'."),
        ({"train": REC, "validation": {}}, "the train channel is RecordIO and the validation channel is images"),
    ],
)
def test_incomplete_channels_are_a_client_error(tmp_path: Path, entries: Mapping[str, object], problem: str) -> None:
    with pytest.raises(CustomerError) as error:
        checked(tmp_path, entries)
    assert problem in str(error.value)


def test_a_missing_folder_is_a_platform_error(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="of the validation_lst channel is missing"):
        checked(tmp_path, FILES, folders=["train", "validation", "train_lst"])
