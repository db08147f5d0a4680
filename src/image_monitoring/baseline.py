"""Make a baseline from a folder of held-out images, as the kit's pipeline does, or from captured records.

Answers and embeddings need images that the model was not trained on, because it is more confident on its training
images than on any others. The statistics of pixels do not depend on the model, so they use the training images as
well, which makes their reference five times as large.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from image_monitoring.comparison import quality
from image_monitoring.comparison.quality import Quality
from image_monitoring.comparison.reference import CONSTRAINTS, STATISTICS, Embedding
from image_monitoring.contract import BaselineInputs, Contract, InputError, only_file
from image_monitoring.measuring import image_statistics
from image_monitoring.measuring.measurement import Measurement, batches
from image_monitoring.reading.capture import Capture, Record, probabilities_in
from image_monitoring.reading.ground_truth import GroundTruth, read_ground_truth
from image_monitoring.reporting import documents
from image_monitoring.served_model.model_files import ServedModel, read_model

IMAGES = (".png", ".jpg", ".jpeg")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def baseline_of_images(contract: Contract) -> str:
    """Make the baseline of the kit's own job, and return its message."""
    inputs = contract.baseline_inputs
    model = read_model(inputs.model)
    labels = read_labels(inputs.labels)
    records = with_answers(image_records(inputs.held_out), inputs, model)
    measured, judged = Measurement(0, model), Quality()
    for batch in batches(records):
        measured = measured if measured.records else Measurement(classes_of(batch), model)
        measured.add(batch)
        for record in batch:
            judged.add(record, labels.get(record.event_id))
    if not measured.records:
        raise InputError(f"no PNG or JPEG image is below {inputs.held_out}: the baseline needs held-out images")
    pixels = Measurement(measured.classes)
    pixels.add_all(image_records(inputs.training))
    pixels.add_all(image_records(inputs.held_out))
    return write_baseline(contract.output, measured, judged, pixels)


def baseline_of_capture(contract: Contract) -> str:
    """Make a baseline of captured records, the job that `suggest_baseline` of the SageMaker SDK starts."""
    model = read_model(contract.baseline_inputs.model)
    truth = read_ground_truth(contract.path("ground_truth_source"))
    capture = Capture(contract.dataset)
    measured, judged = measure(capture, truth, None, model)
    if not measured.records:
        raise InputError(
            f"no captured record is below {contract.dataset}: {capture.unreadable_count} lines are not records"
        )
    return write_baseline(contract.output, measured, judged, None)


def measure(
    capture: Capture, truth: GroundTruth, classes: int | None, model: ServedModel | None
) -> tuple[Measurement, Quality]:
    """Measure all records of a capture. classes: their number; None means that the first answer decides."""
    measured, judged = Measurement(classes or 0, model), Quality()
    for batch in batches(capture.read()):
        if classes is None and not measured.records:
            measured = Measurement(classes_of(batch), model)
        measured.add(batch)
        for record in batch:
            judged.add(record, truth.label_of(record))
    return measured, judged


def classes_of(batch: list[Record]) -> int:
    return next((len(record.probabilities) for record in batch if record.probabilities), 0)


def write_baseline(output: Path, measured: Measurement, judged: Quality, pixels: Measurement | None) -> str:
    """Write the documents, the embedding and the model. `pixels` has more images, for the image statistics alone."""
    statistics = documents.statistics_document(measured, quality.statistics_of(judged))
    if pixels is not None and pixels.records > measured.records:
        statistics["features"] = with_pixels_of(pixels, statistics["features"])
    documents.write(output / STATISTICS, statistics)
    documents.write(output / CONSTRAINTS, documents.constraints_document(measured, quality.constraints_of(judged)))
    _, embeddings = measured.embeddings()
    if measured.model is not None and len(embeddings):
        Embedding.of(embeddings).write(output)
        measured.model.write(output)
    pixel_images = pixels.records if pixels is not None else measured.records
    parts = [f"Baseline of {measured.records} images, pixels of {pixel_images}."]
    if measured.model is None:
        parts.append("The model is not one of the kit's ONNX models, so there is no embedding to compare.")
    if not measured.class_counts.sum():
        parts.append("There are no answers of the model to compare.")
    if judged.confusion.items:
        parts.append(f"Accuracy {judged.confusion.accuracy.value:.3f} of {judged.confusion.items} labeled images.")
    return " ".join(parts)


def with_pixels_of(pixels: Measurement, features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace the image statistics by those of the larger set."""
    others = [feature for feature in features if feature["name"] not in image_statistics.NAMES]
    larger = documents.statistics_document(pixels)["features"]
    return [feature for feature in larger if feature["name"] in image_statistics.NAMES] + others


# ---- the inputs ----


def image_records(folder: Path) -> Iterator[Record]:
    """Yield an image as a record without an answer. Its event id is the file's name."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES) if folder.is_dir() else []
    for path in paths:
        yield Record(path.name, None, EPOCH, path.read_bytes(), ())


def with_answers(records: Iterator[Record], inputs: BaselineInputs, model: ServedModel | None) -> Iterator[Record]:
    """Yield the records with the answers of a batch transform, or else with those that the model gives here."""
    for batch in batches(records):
        answers = [transform_answer(inputs.answers, record.event_id) for record in batch]
        if model is not None and not all(answers):
            answers = computed(batch, model)
        for record, answer in zip(batch, answers):
            yield Record(record.event_id, None, record.time, record.image, answer)


def transform_answer(folder: Path, name: str) -> tuple[float, ...]:
    path = folder / f"{name}.out"
    return probabilities_in(path.read_bytes()) if path.is_file() else ()


def computed(batch: list[Record], model: ServedModel) -> list[tuple[float, ...]]:
    images = (image_statistics.decode(record.image) for record in batch)  # one at a time: they may be large
    prepared = {index: model.prepared(image) for index, image in enumerate(images) if image is not None}
    answers: list[tuple[float, ...]] = [()] * len(batch)
    if prepared:
        pixels = np.stack(list(prepared.values()))
        for index, row in zip(prepared, model.network.probabilities(pixels)):
            answers[index] = tuple(float(value) for value in row)
    return answers


def read_labels(folder: Path) -> dict[str, str]:
    """Return labels by file name, from the manifest `row<TAB>label<TAB>name` in the folder, if there is one."""
    manifest = only_file(folder, "test.lst") if folder.exists() else None
    if manifest is None:
        return {}
    lines = [line.split("\t") for line in manifest.read_text(encoding="utf-8").splitlines() if line.strip()]
    if any(len(columns) != 3 for columns in lines):
        raise InputError(f"{manifest.name} is not a manifest: its lines should be row, label and file name")
    return {Path(name).name: label for _, label, name in lines}
