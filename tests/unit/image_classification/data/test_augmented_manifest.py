import pytest

from image_classification.data.augmented_manifest import label_row, labels_of, read_augmented_manifest
from image_classification.data.labels import WrongLabelError
from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError

from ..recordio_files import augmented


@pytest.mark.parametrize(("text", "row"), [(b"1", [1]), (b"1.0", [1]), (b"[0, 2]", [0, 2]), (b"[]", [])])
def test_a_label_is_a_number_or_a_list_of_numbers(text: bytes, row: list[float]) -> None:
    assert label_row(text, "train", "line 1") == row


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("text", [b"", b"cat", b'"1"', b"true", b"[true]", b"null", b"{}", b"[[1]]", b"[" * 100_000])
def test_other_labels_are_refused_with_their_line(text: bytes) -> None:
    with pytest.raises(CustomerError, match=r"line 1: the label .* is neither a number nor a list of numbers"):
        label_row(text, "train", "line 1")


def test_the_label_format_distinguishes_class_ids_from_zeros_and_ones() -> None:
    assert labels_of([[0, 2]], 3, multi_label=True, label_format="class-id").tolist() == [[1, 0, 1]]
    assert labels_of([[0, 1, 1]], 3, multi_label=True, label_format="multi-hot").tolist() == [[0, 1, 1]]
    with pytest.raises(WrongLabelError, match="2 labels, and multi_label is 0"):
        labels_of([[1], [0, 1]], 3, multi_label=False, label_format="multi-hot")


def test_the_images_are_named_after_their_lines() -> None:
    file = SharedFile.temporary([augmented(b"first", "0"), augmented(b"second", "1")])
    images, labels = read_augmented_manifest(file, "train", 2, False, "multi-hot")
    assert [(images.name(index), images.read(index)) for index in range(2)] == [
        ("line 1", b"first"),
        ("line 2", b"second"),
    ]
    assert labels.tolist() == [[1, 0], [0, 1]]


def test_a_manifest_without_lines_is_refused() -> None:
    with pytest.raises(CustomerError, match="it has no images"):
        read_augmented_manifest(SharedFile.temporary([]), "train", 2, False, "multi-hot")
