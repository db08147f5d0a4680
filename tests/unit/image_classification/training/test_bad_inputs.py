"""A job with bad input reports it in the log, the failure file and the exit code, never as a traceback."""

import io
import json
import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from ..conftest import CHANNELS, TINY, Container, picture, png
from ..recordio_files import MAGIC, augmented, image_record, part, record

Break = Callable[[Container], object]
PREFIX = r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d ERROR \d+\] "
KINDS = {2: ("ClientError", "Customer Error"), 3: ("InternalServerError", "Platform Error")}
CONFIG = "Unable to initialize the algorithm. Failed to validate input data configuration. (caused by ValidationError) "
LST, REC = "Invalid lst file in the train_lst channel. ", "Invalid RecordIO file in the train channel. "
AUGMENTED = "Invalid augmented manifest in the train channel. "
RECORDIO = {"ContentType": "application/x-recordio"}
GOOD = png(picture(0, 1))
RGB, GRAY = b"\x08\x02\0\0\0", b"\x08\0\0\0\0"  # depth, color type and methods in a PNG header


@dataclass(frozen=True)
class Case:
    break_it: Break
    failure: str  # how the message begins
    exit_code: int = 2


def hyperparameters(**changes: str | None) -> Break:
    changed = {name: value for name, value in {**TINY, **changes}.items() if value is not None}
    return lambda container: container.configure(changed)


def config(name: str, text: str | None) -> Break:
    def break_it(container: Container) -> None:
        path = container.base / "input" / "config" / f"{name}.json"
        path.unlink() if text is None else path.write_text(text)

    return break_it


def channels(**changes: dict[str, str] | None) -> Break:
    """`changes` replace the channels' entries of inputdataconfig.json; None removes one."""
    every: dict[str, dict[str, str] | None] = {name: {"ContentType": "application/x-image"} for name in CHANNELS}
    entries = {name: entry for name, entry in (every | changes).items() if entry is not None}
    return lambda container: container.write_config("inputdataconfig", entries)


def manifest(content: str | bytes) -> Break:
    data = content.encode() if isinstance(content, str) else content
    return lambda container: container.manifest("train").write_bytes(data)


def image(data: bytes, name: str = "0.png") -> Break:
    return lambda container: (container.channel("train") / name).write_bytes(data)


def recordio(data: bytes, **changes: str) -> Break:
    """Make both channels RecordIO, and give the training channel this content."""

    def break_it(container: Container) -> None:
        container.write_config("inputdataconfig", {"train": RECORDIO, "validation": RECORDIO})
        hyperparameters(**changes)(container)
        (container.channel("train") / "train.rec").write_bytes(data)
        (container.channel("validation") / "validation.rec").write_bytes(image_record([0], GOOD))

    return break_it


def pipe(data: bytes, label_format: str | None = None, **changes: str) -> Break:
    """Make the training channel an augmented manifest in Pipe mode."""

    def break_it(container: Container) -> None:
        content_type = "application/x-recordio" + (f"; label-format={label_format}" if label_format else "")
        entry = {"ContentType": content_type, "TrainingInputMode": "Pipe", "RecordWrapperType": "RecordIO"}
        container.write_config("inputdataconfig", {"train": entry, "validation": entry})
        hyperparameters(**changes)(container)
        fifo = container.channel("train").with_name("train_0")
        os.mkfifo(fifo)
        threading.Thread(target=fifo.write_bytes, args=(data,), daemon=True).start()

    return break_it


def several_broken_images(container: Container) -> None:
    for number in range(7):
        image(b"not an image", f"{number}.png")(container)


def without(path: str) -> Break:
    return lambda container: (container.base / "input" / "data" / path).unlink()


def folder_instead_of_image(container: Container) -> None:
    without("train/0.png")(container)
    (container.channel("train") / "0.png").mkdir()


def second_manifest(container: Container) -> None:
    (container.channel("train_lst") / "other.lst").write_text("1\t0\t1.png\n")


def second_recordio(container: Container) -> None:
    recordio(image_record([0], GOOD))(container)
    (container.channel("train") / "other.rec").write_bytes(b"")


def no_recordio(container: Container) -> None:
    recordio(b"")(container)
    without("train/train.rec")(container)


def no_folder(container: Container) -> None:
    container.channel("train_lst").rename(container.base / "gone")


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def png_header(width: int, height: int, kind: bytes = RGB) -> bytes:
    """Return a PNG with a valid header and no pixels."""
    header = b"IHDR" + struct.pack(">II", width, height) + kind
    chunks = [header, b"IDAT"]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def images_unusable(count: int, fault: str, total: int = 48) -> str:
    return f"{count} of {total} images in the train channel cannot be used. {fault}"


def wrong(name: str, value: str, accepts: str) -> str:
    return f"The value {value!r} is not valid for the {name!r} hyperparameter which {accepts}"


PIPE = {"TrainingInputMode": "Pipe"}
CASES = {
    # hyperparameters
    "unknown": Case(
        hyperparameters(batch_size="1"), "Additional hyperparameters are not allowed ('batch_size' was unexpected)"
    ),
    "two-unknown": Case(
        hyperparameters(x="1", y="2"), "Additional hyperparameters are not allowed ('x', 'y' were unexpected)"
    ),
    "no-classes": Case(
        hyperparameters(num_classes=None),
        "No value(s) were specified for 'num_classes' which are required hyperparameter(s) (caused by ValidationError)",
    ),
    "no-samples": Case(
        hyperparameters(num_training_samples=None), "No value(s) were specified for 'num_training_samples'"
    ),
    "classes-word": Case(hyperparameters(num_classes="two"), wrong("num_classes", "two", "expects")),
    "classes-zero": Case(hyperparameters(num_classes="0"), wrong("num_classes", "0", "expects")),
    "samples-float": Case(hyperparameters(num_training_samples="4.5"), wrong("num_training_samples", "4.5", "expects")),
    "augmentation": Case(
        hyperparameters(augmentation_type="x"),
        "The value 'x' is not valid for the 'augmentation_type' hyperparameter which accepts one of the following: "
        "'crop', 'crop_color', 'crop_color_transform' (caused by ValidationError)",
    ),
    "batch-negative": Case(hyperparameters(mini_batch_size="-8"), wrong("mini_batch_size", "-8", "expects")),
    "batch-over-samples": Case(
        hyperparameters(mini_batch_size="49"),
        "The number of input images must be bigger or equal to the mini_batch_size.",
    ),
    "epochs-zero": Case(hyperparameters(epochs="0"), wrong("epochs", "0", "expects")),
    "shape-two": Case(hyperparameters(image_shape="16,16"), wrong("image_shape", "16,16", "expects")),
    "shape-channels": Case(hyperparameters(image_shape="2,16,16"), wrong("image_shape", "2,16,16", "expects")),
    "layers": Case(hyperparameters(num_layers="19"), wrong("num_layers", "19", "accepts one of the following: ")),
    "rate-over-one": Case(hyperparameters(learning_rate="1.1"), wrong("learning_rate", "1.1", "expects")),
    "rate-nan": Case(hyperparameters(learning_rate="nan"), wrong("learning_rate", "nan", "expects")),
    "scheduler-step": Case(hyperparameters(lr_scheduler_step="5-10"), wrong("lr_scheduler_step", "5-10", "expects")),
    "scheduler-factor": Case(hyperparameters(lr_scheduler_factor="-1"), wrong("lr_scheduler_factor", "-1", "expects")),
    "optimizer": Case(
        hyperparameters(optimizer="SGD"), wrong("optimizer", "SGD", "accepts one of the following: 'sgd'")
    ),
    "momentum": Case(hyperparameters(momentum="2"), wrong("momentum", "2", "expects")),
    "early-stopping": Case(hyperparameters(early_stopping="on"), wrong("early_stopping", "on", "accepts")),
    "checkpoint": Case(
        hyperparameters(checkpoint_frequency="4"), wrong("checkpoint_frequency", "4", "expects at most")
    ),
    "precision": Case(hyperparameters(precision_dtype="int8"), wrong("precision_dtype", "int8", "accepts")),
    "resize-small": Case(hyperparameters(resize="8"), wrong("resize", "8", "expects at least")),
    "top-k": Case(hyperparameters(top_k="3"), wrong("top_k", "3", "expects")),
    "weighted-loss": Case(hyperparameters(use_weighted_loss="1"), wrong("use_weighted_loss", "1", "expects")),
    "kv-store": Case(hyperparameters(kv_store="dist"), wrong("kv_store", "dist", "accepts")),
    "no-json": Case(config("hyperparameters", "{"), "The file ", 3),
    "json-list": Case(config("hyperparameters", "[]"), "The file ", 3),
    "no-hyperparameters": Case(config("hyperparameters", None), "The file ", 3),
    # channels
    "no-input-config": Case(config("inputdataconfig", None), "The file ", 3),
    "entry-no-object": Case(
        config("inputdataconfig", '{"train": 1}'), "The train channel in inputdataconfig.json is a int", 3
    ),
    "no-channels": Case(
        config("inputdataconfig", "{}"), CONFIG + "Missing required channel(s): 'train', 'validation'."
    ),
    "no-train": Case(channels(train=None), CONFIG + "Missing required channel(s): 'train'."),
    "no-lst": Case(channels(validation_lst=None), CONFIG + "Missing required channel(s): 'validation_lst'."),
    "unknown-channel": Case(
        channels(test={}), CONFIG + "The channel 'test' is not one of train, validation, train_lst"
    ),
    "content-type": Case(
        channels(train={"ContentType": "text/csv"}), CONFIG + "The train channel's ContentType 'text/csv' is not one of"
    ),
    "model-type": Case(
        channels(model={"ContentType": "image/png"}), CONFIG + "The model channel's ContentType 'image/png'"
    ),
    "two-formats": Case(
        channels(validation=RECORDIO),
        CONFIG + "the train channel is images and .lst manifests and the validation channel",
    ),
    "input-mode": Case(
        channels(train={"TrainingInputMode": "Stream"}), CONFIG + "The train channel's TrainingInputMode"
    ),
    "images-in-pipe": Case(
        channels(train=PIPE), CONFIG + "The train channel's TrainingInputMode 'Pipe' takes RecordIO"
    ),
    "lst-in-pipe": Case(channels(train_lst=PIPE), CONFIG + "The train_lst channel's TrainingInputMode 'Pipe' is not"),
    "label-format": Case(
        channels(train={"ContentType": "application/x-recordio; label-format=one-hot"}),
        CONFIG + "The train channel's label-format 'one-hot' is not one of multi-hot, class-id.",
    ),
    "no-folder": Case(no_folder, "The folder ", 3),
    # .lst manifests
    "lst-empty": Case(manifest("\n \n"), LST + "train.lst lists no image."),
    "lst-spaces": Case(manifest("0 1 0.png\n"), LST + "train.lst, line 1: 1 columns instead of index, 1 label and"),
    "lst-columns": Case(manifest("0\t1\t0\t0.png\n"), LST + "train.lst, line 1: 4 columns"),
    "lst-index": Case(
        manifest("1\t0\t1.png\nx\t0\t0.png\n"), LST + "train.lst, line 2: could not convert string to float: 'x'"
    ),
    "lst-same-index": Case(manifest("1\t0\t1.png\n1\t0\t0.png\n"), LST + "train.lst: index 1 is not unique (0.png)."),
    "lst-label-word": Case(manifest("0\tbike\t0.png\n"), LST + "train.lst, line 1: could not convert"),
    "lst-label-high": Case(
        manifest("0\t2\t0.png\n"), LST + "0.png: the label 2 is not one of 0 to 1: num_classes is 2."
    ),
    "lst-label-half": Case(manifest("0\t0.5\t0.png\n"), LST + "0.png: the label 0.5 is not one of 0 to 1"),
    "lst-label-underscore": Case(manifest("0\t0_1\t0.png\n"), LST + "train.lst, line 1: '0_1' is not a finite number"),
    "lst-absolute": Case(
        manifest("0\t1\t/etc/passwd\n"), LST + "train.lst, line 1: the path '/etc/passwd' is not a relative"
    ),
    "lst-upwards": Case(
        manifest("0\t1\t../0.png\n"), LST + "train.lst, line 1: the path '../0.png' is not a relative path"
    ),
    "lst-binary": Case(manifest(GOOD), LST + "train.lst is not UTF-8 text"),
    "lst-missing": Case(without("train_lst/train.lst"), LST + "Expected one file that ends in .lst, found 0."),
    "lst-two": Case(second_manifest, LST + "Expected one file that ends in .lst, found 2."),
    "lst-few-images": Case(
        manifest("0\t1\t0.png\n"), "The number of input images must be bigger or equal to the mini_batch_size."
    ),
    "lst-multi-columns": Case(
        hyperparameters(multi_label="1"), LST + "train.lst, line 1: 3 columns instead of index, 2 labels"
    ),
    # images
    "image-text": Case(image(b"hello"), images_unusable(1, "0.png: it is not a PNG or JPEG image")),
    "image-empty": Case(
        image(b""), images_unusable(1, "0.png: it is not a PNG or JPEG image that can be read (it is empty)")
    ),
    "image-cut": Case(image(GOOD[:-40]), images_unusable(1, "0.png: it is not a PNG or JPEG image that can be read")),
    "image-jpeg-cut": Case(
        image(png(picture(0, 1, 64), "JPEG")[:300]), images_unusable(1, "0.png: it is not a PNG or JPEG")
    ),
    "image-gif": Case(image(encoded(picture(0, 1), "GIF")), images_unusable(1, "0.png: it is not a PNG or JPEG image")),
    "image-headless": Case(image(png_header(16, 16)), images_unusable(1, "0.png: it is not a PNG or JPEG image")),
    "image-bomb": Case(image(png_header(9_000, 9_000, GRAY)), images_unusable(1, "0.png: it unpacks to 9000 x 9000")),
    "image-great-bomb": Case(
        image(png_header(60_000, 60_000)), images_unusable(1, "0.png: it is not a PNG or JPEG image")
    ),
    "image-small": Case(
        image(png(picture(0, 1, size=8))),
        images_unusable(1, "0.png: it is 8 x 8 pixels, smaller than the image_shape's 16 x 16"),
    ),
    "image-missing": Case(
        without("train/0.png"), images_unusable(1, "0.png: the manifest lists it, but the channel does not")
    ),
    "image-folder": Case(folder_instead_of_image, images_unusable(1, "0.png: it cannot be read: Is a directory")),
    "images-broken": Case(several_broken_images, images_unusable(7, "0.png: it is not a PNG or JPEG image")),
    # RecordIO
    "rec-missing": Case(no_recordio, REC + "Expected one file that ends in .rec, found 0."),
    "rec-two": Case(second_recordio, REC + "Expected one file that ends in .rec, found 2."),
    "rec-empty": Case(recordio(b""), REC + "It has no records."),
    "rec-text": Case(
        recordio(b"index,label\n"), REC + "record 0, at byte 0, begins with b'inde' and not with the magic number"
    ),
    "rec-cut": Case(recordio(image_record([0], GOOD)[:-100]), REC + "record 0 ends "),
    "rec-head-cut": Case(recordio(record(b"") + MAGIC), REC + "the data ends in the head of record 1, at byte 8"),
    "rec-flag": Case(recordio(part(5, b"abcd")), REC + "record 0, at byte 0, has the unknown flag 5"),
    "rec-parts": Case(recordio(part(3, b"abcd")), REC + "record 0 has the parts of a divided record in a wrong order"),
    "rec-no-last": Case(recordio(part(1, b"abcd")), REC + "record 0 is divided, and its last part is missing"),
    "rec-short": Case(recordio(record(b"abc")), REC + "record 0: it has 3 bytes, too few for an image's header of 24"),
    "rec-labels": Case(
        recordio(record(struct.pack("<IfQQ", 2**31, 0, 0, 0))), REC + "record 0: it announces 2147483648 labels"
    ),
    "rec-label-high": Case(
        recordio(image_record([2], GOOD, 7)), REC + "record 0 (id 7): the label 2 is not one of 0 to 1"
    ),
    "rec-label-nan": Case(
        recordio(image_record([float("nan")], GOOD)), REC + "record 0 (id 0): the label nan is not one of"
    ),
    "rec-two-labels": Case(
        recordio(image_record([0, 1], GOOD)), REC + "record 0 (id 0): 2 labels, and multi_label is 0"
    ),
    "rec-multi": Case(
        recordio(image_record([0], GOOD), multi_label="1"),
        REC + "record 0 (id 0): 1 labels instead of 2, the num_classes",
    ),
    "rec-multi-value": Case(
        recordio(image_record([0, 2], GOOD), multi_label="1"), REC + "record 0 (id 0): the label 2, where"
    ),
    "rec-image": Case(
        recordio(image_record([0], b"x", 9)), images_unusable(1, "record 0 (id 9): it is not a PNG or", total=1)
    ),
    "rec-few": Case(
        recordio(image_record([0], GOOD)), "The number of input images must be bigger or equal to the mini_batch_size."
    ),
    # augmented manifests
    "augmented-odd": Case(pipe(record(GOOD)), AUGMENTED + "1 records are not pairs of image and label: AttributeNames"),
    "augmented-text": Case(pipe(b'{"source-ref": "s3://'), AUGMENTED + "record 0, at byte 0, begins with b'{\"so'"),
    "augmented-label": Case(
        pipe(augmented(GOOD, "cat")), AUGMENTED + "line 1: the label b'cat' is neither a number nor"
    ),
    "augmented-true": Case(
        pipe(augmented(GOOD, "true")), AUGMENTED + "line 1: the label b'true' is neither a number nor"
    ),
    "augmented-swapped": Case(pipe(record(b"0") + record(GOOD)), AUGMENTED + "line 1: the label b'\\x89PNG"),
    "augmented-high": Case(pipe(augmented(GOOD, "2")), AUGMENTED + "line 1: the label 2 is not one of 0 to 1"),
    "augmented-list": Case(pipe(augmented(GOOD, "[0, 1]")), AUGMENTED + "line 1: 2 labels, and multi_label is 0"),
    "augmented-ids": Case(
        pipe(augmented(GOOD, "[0, 2]"), "class-id", multi_label="1"), AUGMENTED + "line 1: the label 2 is not"
    ),
    "augmented-hot": Case(pipe(augmented(GOOD, "[2]"), multi_label="1"), AUGMENTED + "line 1: 1 labels instead of 2"),
    "augmented-rec": Case(
        pipe(augmented(image_record([0], GOOD), "0")), AUGMENTED + "its first image is RecordIO: for .rec"
    ),
    "augmented-image": Case(pipe(augmented(b"x", "0")), images_unusable(1, "line 1: it is not a PNG or JPEG", total=1)),
}


def check(case: Case, container: Container, exit_code: int, log: str) -> None:
    failure_name, log_name = KINDS[case.exit_code]
    assert (exit_code, container.failure) == (case.exit_code, container.failure)
    assert container.failure.startswith(f"{failure_name}: {case.failure}")
    message = container.failure.removeprefix(f"{failure_name}: ")
    assert re.fullmatch(f"{PREFIX}{log_name}: {re.escape(message)}", log.splitlines()[-1])
    assert "Traceback" not in log
    assert not list(container.base.glob("model/*.params"))


@pytest.mark.parametrize("name", CASES)
def test_bad_input_fails_the_job_with_a_message_that_names_it(
    container: Container, train: Callable[[Container], int], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    CASES[name].break_it(container)
    exit_code = train(container)
    check(CASES[name], container, exit_code, capsys.readouterr().out)


@pytest.mark.parametrize("name", ["unknown", "no-json", "content-type"])
def test_a_separate_process_reports_the_same(container: Container, name: str) -> None:
    CASES[name].break_it(container)
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(container.base)}
    command = [sys.executable, "-m", "image_classification", "train"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    check(CASES[name], container, result.returncode, result.stdout)


def test_an_error_counts_the_broken_images_and_names_the_first_five(
    container: Container, train: Callable[[Container], int]
) -> None:
    several_broken_images(container)
    assert train(container) == 2
    assert re.findall(r"(\d\.png): ", container.failure) == [f"{number}.png" for number in range(5)]
    assert container.failure.endswith("; …")


def test_a_long_failure_is_cut_to_the_length_of_failure_reason(
    container: Container, train: Callable[[Container], int]
) -> None:
    container.configure({**TINY, "é" * 2000: "1"})
    assert train(container) == 2
    assert len(container.failure) == 1024
    assert json.loads((container.base / "input/config/hyperparameters.json").read_text())
    assert Path(container.base / "output" / "failure").stat().st_size <= 4096
