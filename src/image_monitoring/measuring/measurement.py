"""Measure records, batch by batch, and keep a uniform sample of different images: constant memory for any window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from PIL import Image

from image_monitoring.measuring import image_statistics, scores
from image_monitoring.measuring.sampling import DistinctSample, Floats, Moments, seven_digits
from image_monitoring.reading.capture import Record
from image_monitoring.served_model.model_files import Pixels, ServedModel

SAMPLE = 2048  # rows that are compared; also the size at which AWS's statistics keep whole samples
EMBEDDED = 1000  # rows of the sample with an embedding, which takes a hundred times as long as the statistics
EMBEDDED_BYTES = 64 << 20
BATCH = 256
PIXELS_AT_ONCE = 16_000_000
LOW_CONFIDENCE_BINS = 100


class Measurement:
    """Measurements of records: one row for each, with the columns of the image statistics, then those of the answer.

    Counts and moments are those of all records; rows, event ids and prepared pixels are those of the sample, by place.
    An image that was sent several times is in the sample once, with the record that came first. A record whose image
    was not captured counts as one of an image of its own.
    class_counts: how often each class was answered. confidences: a histogram of the confidence.
    """

    def __init__(self, classes: int, model: ServedModel | None = None) -> None:
        self.classes, self.model = classes, model
        self.columns = (*image_statistics.NAMES, *scores.names(classes))
        self.moments = Moments(len(self.columns))
        self.class_counts = np.zeros(max(classes, 1), np.int64)
        self.confidences = np.zeros(LOW_CONFIDENCE_BINS + 1, np.int64)
        self.records = self.unreadable_images = self.unreadable_answers = 0
        self._sample = DistinctSample(SAMPLE)
        self._rows = np.full((SAMPLE, len(self.columns)), np.nan)
        self._identities = [""] * SAMPLE
        self._prepared: dict[int, Pixels] = {}
        size = model.channels * model.height * model.width if model else 1
        self._embedded = min(EMBEDDED, EMBEDDED_BYTES // size)

    def add_all(self, records: Iterable[Record]) -> None:
        for batch in batches(records):
            self.add(batch)

    def add(self, records: Sequence[Record]) -> None:
        for part, images in decoded(records):
            self._add(part, images)

    def _add(self, records: Sequence[Record], images: Sequence[Image.Image | None]) -> None:
        pixels = image_statistics.measure(images, [len(record.image) for record in records])
        answers = scores.measure([record.probabilities for record in records], self.classes)
        rows = np.hstack([pixels, answers])
        self.moments.add(rows)
        self._count(images, answers)
        for record, image, row in zip(records, images, rows):
            item = record.image or record.event_id.encode()  # data capture may leave out what was sent
            if (place := self._sample.place(item)) is not None:
                self._keep(place, record, image, row)

    def _count(self, images: Sequence[Image.Image | None], answers: Floats) -> None:
        usable = answers[~np.isnan(answers[:, 0])]
        self.records += len(images)
        self.unreadable_images += sum(image is None for image in images)
        self.unreadable_answers += len(images) - len(usable)
        self.class_counts += np.bincount(usable[:, 0].astype(np.int64), minlength=len(self.class_counts))
        levels = (usable[:, 1] * LOW_CONFIDENCE_BINS).astype(np.int64)
        self.confidences += np.bincount(levels, minlength=len(self.confidences))

    def _keep(self, place: int, record: Record, image: Image.Image | None, row: Floats) -> None:
        self._rows[place], self._identities[place] = row, record.event_id
        if self.model and place < self._embedded:
            self._prepared.pop(place, None)
            if image is not None:
                self._prepared[place] = self.model.prepared(image)

    @property
    def images(self) -> int:
        """Return the number of different images, as far as the sample has room for them."""
        return len(self._sample)

    @property
    def sampled_class_counts(self) -> npt.NDArray[np.int64]:
        """Return how often each class was answered in the sample, so that each image counts once."""
        answered = self.column(scores.PREDICTED).astype(np.int64)
        return np.bincount(answered, minlength=len(self.class_counts))

    @property
    def identities(self) -> list[str]:
        """Return the event ids of the sample's rows."""
        return self._identities[: len(self._sample)]

    def table(self, names: Sequence[str]) -> Floats:
        """Return the sample's rows of these columns, rounded as in the documents."""
        indices = [self.columns.index(name) for name in names]
        return seven_digits(self._rows[: len(self._sample)][:, indices])

    def column(self, name: str) -> Floats:
        """Return the sample's values of a column that are present."""
        values = self.table([name])[:, 0]
        return values[~np.isnan(values)]

    def embeddings(self) -> tuple[list[int], npt.NDArray[np.float64]]:
        """Return places in the sample, and the embeddings of their images. Both are empty without a model."""
        places = sorted(self._prepared)
        if not self.model or not places:
            return [], np.empty((0, 0))
        pixels = np.stack([self._prepared[place] for place in places])
        return places, self.model.network.embedding(pixels).astype(np.float64)

    def low_confidence_share(self, threshold: float) -> float:
        """Return the share of answers below a confidence, to the hundredth."""
        total = int(self.confidences.sum())
        return float(self.confidences[: round(threshold * LOW_CONFIDENCE_BINS)].sum() / total) if total else 0.0


def decoded(records: Sequence[Record]) -> Iterator[tuple[list[Record], list[Image.Image | None]]]:
    """Yield the records in parts, with their images: a batch of large photos would need gigabytes at once."""
    part: list[Record] = []
    images: list[Image.Image | None] = []
    pixels = 0
    for record in records:
        image = image_statistics.decode(record.image)
        part.append(record)
        images.append(image)
        pixels += image.width * image.height if image else 0
        if pixels >= PIXELS_AT_ONCE:
            yield part, images
            part, images, pixels = [], [], 0
    if part:
        yield part, images


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        yield batch
