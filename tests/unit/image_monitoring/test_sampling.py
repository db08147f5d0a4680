"""Running statistics equal those of the whole, and the sample is uniform."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.unit.image_monitoring.pictures import BEGAN, pictures, png

from image_monitoring.comparison.reference import sketch_values
from image_monitoring.measuring.image_statistics import NAMES
from image_monitoring.measuring.measurement import PIXELS_AT_ONCE, Measurement, decoded
from image_monitoring.measuring.sampling import DistinctSample, Moments
from image_monitoring.reading.capture import Record
from image_monitoring.reporting.documents import statistics_document

ROWS = np.random.default_rng(3).normal(100, 2, (500, 3))


def test_moments_of_parts_are_those_of_the_whole() -> None:
    rows = ROWS.copy()
    rows[::7, 1] = np.nan
    moments = Moments(3)
    for start in range(0, 500, 130):
        moments.add(rows[start : start + 130])
    assert moments.mean == pytest.approx(np.nanmean(rows, 0))
    assert moments.deviation == pytest.approx(np.nanstd(rows, 0))
    assert moments.low == pytest.approx(np.nanmin(rows, 0))
    assert moments.high == pytest.approx(np.nanmax(rows, 0))
    assert moments.missing.tolist() == [0, 72, 0]


def test_a_sample_keeps_each_different_item_with_the_same_chance_however_often_it_comes() -> None:
    kept = np.zeros(100)
    for trial in range(400):
        sample, places = DistinctSample(10), {}
        for item in [*range(100), *[7] * 50, *range(100)]:
            if (place := sample.place(f"{trial} {item}".encode())) is not None:
                places[place] = item
        kept[list(places.values())] += 1
        assert len(sample) == len(places) == 10
    assert kept.mean() == 40
    assert kept[:50].mean() == pytest.approx(kept[50:].mean(), rel=0.1)
    assert kept[7] < 70


def test_large_photos_are_decoded_a_few_at_a_time() -> None:
    photo = png(np.zeros((2000, 2000, 3), np.uint8))
    records = [Record(str(number), None, BEGAN, photo, ()) for number in range(9)]
    parts = list(decoded(records))
    assert [len(images) for _, images in parts] == [PIXELS_AT_ONCE // 4_000_000] * 2 + [1]
    assert [record for part, _ in parts for record in part] == records


def test_records_of_answers_alone_count_each() -> None:
    measured = Measurement(2)
    measured.add_all(Record(str(number), None, BEGAN, b"", (0.3, 0.7)) for number in range(20))
    assert measured.images == measured.records == 20


def test_a_value_of_a_window_equals_the_same_value_in_a_baseline_that_was_written_and_read() -> None:
    measured = Measurement(2)
    measured.add_all(Record(str(at), None, BEGAN, png(image), (0.3, 0.7)) for at, image in enumerate(pictures(20, 4)))
    document = json.loads(json.dumps(statistics_document(measured)))
    read = {
        one["name"]: sketch_values(one["numerical_statistics"]) for one in document["features"] if one["name"] in NAMES
    }
    assert {name: values.tolist() for name, values in read.items()} == {
        name: measured.table([name])[:, 0].tolist() for name in NAMES
    }
