from pathlib import Path

import pytest

from image_classification.data.preparation import Preparation
from image_classification.model_artifacts import (
    DESCRIPTION_FILE,
    Description,
    UnusableModelError,
    checkpoint_name,
    read_description,
    write_atomically,
)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    description = Description(3, True, Preparation(1, 28, 30, resize=40), 20, "image-classification-0002.params")
    description.write(tmp_path / DESCRIPTION_FILE)
    assert read_description(tmp_path) == description


def test_a_description_of_an_earlier_version_names_no_network_and_no_checkpoint() -> None:
    text = '{"num_classes": 2, "multi_label": false, "preparation": {"channels": 3, "height": 32, "width": 32}}'
    description = Description.from_json(text)
    assert (description.num_layers, description.checkpoint) == (None, None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"num_classes": "two"}'])
def test_a_broken_description_is_an_unusable_model(tmp_path: Path, text: str) -> None:
    (tmp_path / DESCRIPTION_FILE).write_text(text)
    with pytest.raises(UnusableModelError, match=r"model-shapes\.json cannot be read"):
        read_description(tmp_path)


def test_a_checkpoint_counts_epochs_from_one_as_aws_does() -> None:
    assert checkpoint_name(0) == "image-classification-0001.params"


def test_a_failed_write_keeps_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("earlier")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_atomically(path, fail)
    assert path.read_text() == "earlier"
