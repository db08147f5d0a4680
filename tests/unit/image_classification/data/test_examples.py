"""The examples of a channel in each format, with RecordIO as MXNet writes it."""

import os
import struct
import threading
from collections.abc import Callable

import numpy as np
import pytest

from image_classification.data.dataset import Dataset, load_dataset
from image_classification.data.examples import read_examples
from image_classification.data.preparation import Preparation
from image_classification.paths import ContainerPaths

from ..conftest import TINY, Container, picture, png
from ..recordio_files import MAGIC, augmented, image_record, part, record

REC = {"ContentType": "application/x-recordio"}
PIPED = {**REC, "TrainingInputMode": "Pipe"}
AUGMENTED = {**PIPED, "RecordWrapperType": "RecordIO"}
IMAGES = [png(picture(number % 2, number)) for number in range(48)]


def feed(container: Container, channel: str, data: bytes) -> None:
    fifo = container.channel(channel).with_name(f"{channel}_0")
    os.mkfifo(fifo)
    threading.Thread(target=fifo.write_bytes, args=(data,), daemon=True).start()


def configure(container: Container, entry: dict[str, str]) -> None:
    container.write_config("inputdataconfig", {"train": entry, "validation": entry})


def dataset(container: Container, num_classes: int = 2, multi_label: bool = False) -> Dataset:
    notes: list[str] = []
    examples = read_examples(ContainerPaths(container.base), "train", num_classes, multi_label, notes.append)
    return load_dataset("train", examples, Preparation(3, 16, 16))


def expected() -> np.ndarray:
    return np.stack([np.asarray(picture(number % 2, number)) for number in range(48)])


def test_recordio_files_give_images_and_labels(container: Container) -> None:
    configure(container, REC)
    data = b"".join(image_record([number % 2], image, number) for number, image in enumerate(IMAGES))
    (container.channel("train") / "train.rec").write_bytes(data)
    examples = dataset(container)
    assert examples.labels.argmax(1).tolist() == [0, 1] * 24
    assert examples.pixels is not None
    assert (examples.pixels == expected()).all()


def test_recordio_in_pipe_mode_gives_the_same_images(container: Container) -> None:
    configure(container, PIPED)
    feed(container, "train", b"".join(image_record([number % 2], image) for number, image in enumerate(IMAGES)))
    np.testing.assert_array_equal(dataset(container).pixels, expected())


def test_labels_packed_behind_the_header_are_read(container: Container) -> None:
    configure(container, REC)
    data = image_record([1], IMAGES[0], pack_label=True)
    (container.channel("train") / "train.rec").write_bytes(data)
    assert dataset(container).labels.tolist() == [[0, 1]]


def test_a_record_of_a_multi_label_job_has_several_labels(container: Container) -> None:
    configure(container, REC)
    (container.channel("train") / "a.rec").write_bytes(image_record([0, 1, 1], IMAGES[0]))
    assert dataset(container, 3, multi_label=True).labels.tolist() == [[0, 1, 1]]


def test_an_image_that_contains_the_magic_number_is_joined_again(container: Container) -> None:
    configure(container, REC)
    tail = MAGIC + b"four" + MAGIC  # behind a PNG's end, where decoders do not look
    image = IMAGES[0] + bytes(-len(IMAGES[0]) % 4) + tail
    data = image_record([0], image)
    assert data.count(part(0, b"")[:4]) > 1
    (container.channel("train") / "a.rec").write_bytes(data)
    assert dataset(container).images.read(0) == image


@pytest.mark.parametrize(
    ("labels", "label_format", "multi_label", "expected_labels"),
    [
        (["0", "1"], "", False, [[1, 0, 0], [0, 1, 0]]),
        (["[2]", "1.0"], "", False, [[0, 0, 1], [0, 1, 0]]),
        (["[1, 0, 1]", "[0, 0, 1]"], "", True, [[1, 0, 1], [0, 0, 1]]),
        (["[0, 2]", "[]"], "; label-format=class-id", True, [[1, 0, 1], [0, 0, 0]]),
    ],
)
def test_an_augmented_manifest_gives_images_and_labels(
    container: Container, labels: list[str], label_format: str, multi_label: bool, expected_labels: list[list[int]]
) -> None:
    configure(container, {**AUGMENTED, "ContentType": f"application/x-image{label_format}"})
    feed(container, "train", b"".join(map(augmented, IMAGES, labels)))
    examples = dataset(container, 3, multi_label)
    assert examples.labels.tolist() == expected_labels
    assert (examples.image(1) == np.asarray(picture(1, 1))).all()


def test_a_job_trains_from_an_augmented_manifest(
    container: Container, train: Callable[[Container], int], capsys: pytest.CaptureFixture[str]
) -> None:
    configure(container, AUGMENTED)
    for channel in ("train", "validation"):
        feed(container, channel, b"".join(augmented(image, str(n % 2)) for n, image in enumerate(IMAGES)))
    container.configure({**TINY, "epochs": "1"})
    assert train(container) == 0
    assert "The channel 'train' is in pipe input mode under " in capsys.readouterr().out


def test_images_that_do_not_fit_in_memory_are_decoded_at_each_use(container: Container) -> None:
    paths = ContainerPaths(container.base)
    examples = read_examples(paths, "train", 2, False, print)
    small, large = (load_dataset("train", examples, Preparation(3, 16, 16), limit) for limit in (1000, 1 << 20))
    assert small.pixels is None
    assert large.pixels is not None
    assert large.pixels.flags.c_contiguous
    assert (np.stack(small.selected(range(48))) == large.pixels).all()


def test_images_of_several_sizes_are_kept_as_separate_arrays(container: Container) -> None:
    (container.channel("train") / "0.png").write_bytes(png(picture(0, 1, size=20)))
    examples = dataset(container)
    assert examples.pixels is None
    assert examples.several_sizes is not None
    assert [examples.image(index).shape for index in (0, 1)] == [(20, 20, 3), (16, 16, 3)]
    assert next(examples.batches(48))[0].shape == (48, 16, 16, 3)


def test_a_record_has_the_bytes_that_mxnet_writes() -> None:
    assert record(b"abc") == struct.pack("<II", 0xCED7230A, 3) + b"abc\0"
