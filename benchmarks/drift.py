"""Measure which shifts the analyzer's tests detect, and how often they raise false alarms. `make bench-drift` runs it.

The images are split five times at random into 800 for training, 200 as the training job's validation set and the
baseline, and 200 as live traffic. So the baseline is like those of the kit's pipeline: its images did not train the
model, but they decided which epoch was kept. For each split the default recipe trains a model, the analyzer makes a
baseline, and windows of live images are judged: unshifted ones for false alarms, and shifted ones, in which a share of
.1, .5 or 1 of the images has the shift. A window of 100 has 100 different images. A window of 1,000 is drawn from the
200 with augmentation, and compared with a baseline of images that were augmented in the same way. Its images are not
independent: each occurs about five times, and every test would alarm. So there the level is set so that a twentieth of
the unshifted windows alarm, for all tests together and for each family alone (size-adjusted power).

The splits are measured side by side, one on each core. RUNS=1 measures one split. DATASET names an archive in
CIFAR-100's format; by default it is the drawn sample.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import draw_sample
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from aims import Aims
from drift_shifts import KIT_SHIFTS, Images, Labels, Shift, augmented, published
from opt_ml import Example, examples, lay_out, train
from PIL import Image

from image_monitoring.baseline import write_baseline
from image_monitoring.comparison import quality, window
from image_monitoring.comparison.quality import Quality
from image_monitoring.comparison.reference import CONSTRAINTS, STATISTICS, read_reference
from image_monitoring.comparison.window import Samples, reference_samples, run_tests
from image_monitoring.measuring import scores
from image_monitoring.measuring.measurement import Measurement
from image_monitoring.reading.capture import Record
from image_monitoring.served_model.model_files import ServedModel, read_model

SPLITS = range(1, int(os.environ.get("RUNS", "5")) + 1)
WINDOWS = int(os.environ.get("WINDOWS", "200"))  # unshifted windows of each split
REPEATS = {100: 10, 1000: 2}  # windows of each shift, share and split
UNSHIFTED_1000 = 40  # unshifted windows of 1,000 of each split, which set the level
LEVEL_AT_1000 = 0.05
DRAWN = 2000  # images that windows of 1,000 are drawn from
SHARES = (0.1, 0.5, 1.0)
TRAINING, BASELINE = 800, 200
HYPERPARAMETERS = {"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": str(TRAINING)}
KNOCK_OUT, OTHER_CLASS, SWAPPED = "knock-out", "another class", "swapped labels"
ALL = "all together"
FALSE_ALARMS, AT_100, AT_1000, PUBLISHED_AT_100, PUBLISHED_AT_1000 = 0.05, 0.60, 0.80, 0.47, 0.70
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """Measured images to draw windows from: the row of each feature, the coordinates, the answers and labels."""

    values: Mapping[str, npt.NDArray[np.float64]]
    embedding: npt.NDArray[np.float64]
    answers: npt.NDArray[np.float64]
    labels: Labels

    def samples(self, rows: Indices) -> Samples:
        predicted = self.answers[rows].argmax(1)
        counts = np.bincount(predicted, minlength=self.answers.shape[1]).astype(np.int64)
        return Samples({name: values[rows] for name, values in self.values.items()}, counts, self.embedding[rows])


@dataclass
class Table:
    """Detections by test, suite, shift and share, over all splits and windows."""

    outcomes: dict[tuple[str, str, str, float], list[bool]] = field(default_factory=dict)

    def add(self, test: str, suite: str, shift: str, share: float, detected: bool) -> None:
        self.outcomes.setdefault((test, suite, shift, share), []).append(detected)

    def add_all(self, other: Table) -> None:
        for cell, outcomes in other.outcomes.items():
            self.outcomes.setdefault(cell, []).extend(outcomes)

    def rate(self, test: str, suite: str, share: float | None = None) -> float:
        """Return the mean over shifts and shares of the share of windows that were detected."""
        cells = [
            sum(outcomes) / len(outcomes)
            for (of_test, of_suite, _, of_share), outcomes in self.outcomes.items()
            if of_test == test and of_suite == suite and share in (None, of_share)
        ]
        return sum(cells) / len(cells) if cells else float("nan")

    def lines(self, suite: str) -> Iterator[str]:
        shifts = list(dict.fromkeys(shift for _, of_suite, shift, _ in self.outcomes if of_suite == suite))
        for shift in shifts:
            cells = [self.outcomes[ALL, suite, shift, share] for share in SHARES]
            yield f"  {shift:20}" + "".join(f"{sum(cell) / len(cell):8.2f}" for cell in cells)


class Split:
    """One random split: its three parts and its model."""

    def __init__(self, everything: Sequence[Example], seed: int, folder: Path) -> None:
        shuffled = list(everything)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 a split that can be drawn again
        parts = shuffled[:TRAINING], shuffled[TRAINING : TRAINING + BASELINE], shuffled[TRAINING + BASELINE :]
        self.training, self.held_out, self.live = (arrays(part) for part in parts)
        lay_out(folder, {"train": parts[0], "validation": parts[1]}, HYPERPARAMETERS)
        train(folder, IMAGE_CLASSIFICATION_SEED=str(seed))
        self.model_folder = folder / "model"
        model = read_model(self.model_folder)
        assert model is not None
        self.model: ServedModel = model
        # answers as the endpoint gives them, and both outputs faster than with NumPy
        self.session = onnxruntime.InferenceSession(with_embedding(self.model), providers=["CPUExecutionProvider"])
        self.generator = np.random.default_rng(seed)

    def embeddings(self, images: Images) -> npt.NDArray[np.float64]:
        (result,) = self.session.run([self.model.network.embedding_name], {"images": images})
        return np.asarray(result, np.float64)

    def records(self, images: Images) -> list[Record]:
        answers = self.session.run(None, {"images": images})[0]
        now = datetime.now(UTC)
        return [
            Record(str(index), None, now, png(image), tuple(float(value) for value in answer))
            for index, (image, answer) in enumerate(zip(images, answers, strict=True))
        ]


class Population:
    """The live images of a split, as windows of one size take them, and the baseline for these windows.

    Windows larger than the live part are drawn with augmentation, and their baseline is made of augmented images: the
    augmentation itself moves some statistics, such as the sharpness, and unshifted windows must not have a shift.
    """

    def __init__(self, split: Split, size: int, folder: Path) -> None:
        self.split, self.size, self.generator = split, size, split.generator
        self.is_drawn = size > len(split.live[0])
        self.make_baseline(folder)
        self.reference = read_reference(folder / STATISTICS, folder / CONSTRAINTS)
        self.reference_samples = reference_samples(self.reference)
        self.images, self.labels = self.drawn(size) if self.is_drawn else split.live
        self.clean = self.pool(self.images, self.labels)
        if self.is_drawn:
            self.clean = joined(self.clean, self.pool(*self.drawn(DRAWN - size)))

    def make_baseline(self, folder: Path) -> None:
        (training, _), (held_out, labels) = self.split.training, self.split.held_out
        if self.is_drawn:
            training, held_out = augmented(training, self.generator), augmented(held_out, self.generator)
        measured, judged, pixels = Measurement(2, self.split.model), Quality(), Measurement(2)
        answered = self.split.records(held_out)
        measured.add_all(answered)
        for record, label in zip(answered, labels, strict=True):
            judged.add(record, str(label))
        pixels.add_all([*self.split.records(training), *answered])
        write_baseline(folder, measured, judged, pixels)

    def drawn(self, count: int) -> tuple[Images, Labels]:
        """Draw live images with replacement and with augmentation."""
        images, labels = self.split.live
        chosen = self.generator.integers(len(images), size=count)
        return augmented(images[chosen], self.generator), labels[chosen]

    def pool(self, images: Images, labels: Labels) -> Pool:
        measured = Measurement(2)
        records = self.split.records(images)
        measured.add_all(records)
        assert self.reference.embedding is not None
        first: dict[bytes, int] = {}
        places = [first.setdefault(record.image, len(first)) for record in records]  # equal images have one row
        values = {name: measured.table([name])[places, 0] for name in measured.columns if name != scores.PREDICTED}
        answers = np.array([record.probabilities for record in records])
        return Pool(values, self.reference.embedding.project(self.split.embeddings(images)), answers, labels)


def with_embedding(model: ServedModel) -> bytes:
    """Return the served graph with the embedding as a second output."""
    graph = onnx.load_from_string(model.graph)
    graph.graph.output.append(onnx.ValueInfoProto(name=model.network.embedding_name))
    serialized: bytes = graph.SerializeToString()
    return serialized


def arrays(part: Sequence[Example]) -> tuple[Images, Labels]:
    return np.stack([np.asarray(example.image) for example in part]), np.array([example.label for example in part])


def png(image: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def joined(first: Pool, second: Pool) -> Pool:
    return Pool(
        {name: np.concatenate([first.values[name], second.values[name]]) for name in first.values},
        np.concatenate([first.embedding, second.embedding]),
        np.concatenate([first.answers, second.answers]),
        np.concatenate([first.labels, second.labels]),
    )


# ---- one window ----


def p_values(population: Population, samples: Samples) -> dict[str, float]:
    """Return the corrected p-value of all tests together, and of each family alone."""
    tests = run_tests(population.reference_samples, samples)
    large = [test for test in tests if window.is_large(test, window.MINIMUM_EFFECT)]
    result = {ALL: min((test.corrected for test in large), default=1.0)}
    for family in window.FAMILIES:
        of_family = [test.p for test in tests if test.family == family]
        result[family] = min(of_family) * len(of_family)
    return result


def verdicts(population: Population, samples: Samples, levels: Mapping[str, float]) -> dict[str, bool]:
    """Return whether each family alone, and all families together, detect a drift."""
    return {test: p < levels[test] for test, p in p_values(population, samples).items()}


def quality_verdict(population: Population, rows: Indices, labels: Labels) -> bool:
    judged, now = Quality(), datetime.now(UTC)
    for row, label in zip(rows, labels, strict=True):
        answer = tuple(float(value) for value in population.clean.answers[row])
        judged.add(Record(str(row), None, now, b"", answer), str(label))
    return bool(quality.shortfalls(judged, population.reference.constraints))


# ---- suites ----


def measure(population: Population, table: Table, alarms: Table) -> None:
    """Judge the windows of one size of a split."""
    images, clean, generator = population.images, population.clean, population.generator
    levels = measure_unshifted(population, alarms)
    for suite, name, shift in shifts_of(population):
        both = joined(clean, population.pool(shift(images, generator), population.labels))
        for share in SHARES:
            for rows in mixed(generator, len(clean.labels), len(images), population.size, share):
                seen = verdicts(population, both.samples(rows), levels)
                record(table, f"{suite}, {population.size}", name, share, seen)
    measure_classes(population, table, levels)


def shifts_of(population: Population) -> Iterator[tuple[str, str, Shift]]:
    """Yield suite, name and shift."""
    for name, shift in published(population.split.model_folder, population.labels).items():
        yield "published", name, shift
    for name, shift in {**KIT_SHIFTS, OTHER_CLASS: other_class}.items():
        yield "kit", name, shift


def measure_unshifted(population: Population, alarms: Table) -> dict[str, float]:
    """Judge unshifted windows, and return the significance level of each test."""
    unshifted = [p_values(population, samples) for samples in unshifted_windows(population)]
    levels = dict.fromkeys((ALL, *window.FAMILIES), window.SIGNIFICANCE)
    if population.is_drawn:
        levels = {test: float(np.quantile([one[test] for one in unshifted], LEVEL_AT_1000)) for test in levels}
    for one in unshifted:
        seen = {test: one[test] < levels[test] for test in levels}
        record(alarms, f"unshifted, {population.size}", "none", 0.0, seen)
    return levels


def measure_classes(population: Population, table: Table, levels: Mapping[str, float]) -> None:
    """Judge windows without a share of a class, and windows whose ground truth has swapped labels."""
    clean, generator, size = population.clean, population.generator, population.size
    for share in SHARES:
        for rows in knocked_out(generator, clean.labels, size, share):
            seen = verdicts(population, clean.samples(rows), levels)
            record(table, f"published, {size}", KNOCK_OUT, share, seen)
        for rows in mixed(generator, len(clean.labels), 0, size, 0.0):
            swapped = swapped_labels(generator, clean.labels[rows], share)
            record(table, f"kit, {size}", SWAPPED, share, {ALL: quality_verdict(population, rows, swapped)})


def unshifted_windows(population: Population) -> Iterator[Samples]:
    """Yield windows of other live images each time, or of images drawn with augmentation."""
    for _ in range(UNSHIFTED_1000 if population.is_drawn else WINDOWS):
        chosen = population.generator.permutation(len(population.clean.labels))[: population.size]
        yield population.clean.samples(chosen)


def record(table: Table, suite: str, shift: str, share: float, seen: Mapping[str, bool]) -> None:
    for test in (ALL, *window.FAMILIES):
        table.add(test, suite, shift, share, seen.get(test, False))


def mixed(generator: np.random.Generator, clean: int, shifted: int, size: int, share: float) -> Iterator[Indices]:
    """Yield rows of a joined pool: the clean images, then the first ones with the shift. No image is in both forms."""
    for _ in range(REPEATS[size]):
        chosen = generator.permutation(shifted)[: round(share * size)]
        others = generator.permutation(np.setdiff1d(np.arange(clean), chosen))[: size - len(chosen)]
        yield np.concatenate([chosen + clean, others])


def knocked_out(generator: np.random.Generator, labels: Labels, size: int, share: float) -> Iterator[Indices]:
    """Yield rows without a share of class 0. Without the whole class, there may be a few less than `size`."""
    for _ in range(REPEATS[size]):
        rows = generator.permutation(len(labels))
        of_class = rows[labels[rows] == 0]
        dropped = set(of_class[: round(share * len(of_class))].tolist())
        kept = np.array([row for row in rows if row not in dropped])
        yield kept[:size]


def swapped_labels(generator: np.random.Generator, labels: Labels, share: float) -> Labels:
    is_swapped = generator.permutation(len(labels)) < round(share * len(labels))
    return np.where(is_swapped, 1 - labels, labels)


def other_class(images: Images, generator: np.random.Generator) -> Images:
    """Return pictures of buses, drawn: an archive of bicycles and motorcycles has no photographs of anything else."""
    artist = draw_sample.Artist(generator)
    return np.stack([artist.picture(draw_sample.BUS) for _ in images])


# ---- the report ----


def main() -> int:
    table, alarms = Table(), Table()
    with ProcessPoolExecutor(min(len(SPLITS), os.cpu_count() or 1)) as processes:
        for seed, (of_split, alarms_of_split) in zip(SPLITS, processes.map(measured, SPLITS), strict=True):
            rates = (alarms_of_split.rate(ALL, "unshifted, 100"), of_split.rate(ALL, "published, 100"))
            say(f"split {seed} of {len(SPLITS)}: false alarms {rates[0]:.3f}, published suite at 100 {rates[1]:.2f}")
            table.add_all(of_split)
            alarms.add_all(alarms_of_split)
    for size in REPEATS:
        show(table, alarms, size)
    return judged(table, alarms)


def measured(seed: int) -> tuple[Table, Table]:
    """Measure one split; return its detections and its alarms in unshifted windows."""
    archive = examples(Path(os.environ["DATASET"]))
    everything = [example for channel in archive.values() for example in channel]
    table, alarms = Table(), Table()
    with tempfile.TemporaryDirectory() as folder:
        split = Split(everything, seed, Path(folder))
        for size in REPEATS:
            measure(Population(split, size, Path(folder) / f"baseline-{size}"), table, alarms)
    return table, alarms


def show(table: Table, alarms: Table, size: int) -> None:
    say(
        f"\nwindows of {size}"
        + (" (drawn from 200 images with augmentation, level set to .05)" if size > BASELINE else "")
    )
    say(f"  {'test':22}{'false alarms':>14}{'published':>12}{'kit':>8}{'kit, all shifted':>18}")
    for test in (ALL, *window.FAMILIES):
        figures = (
            f"{alarms.rate(test, f'unshifted, {size}'):14.3f}",
            f"{table.rate(test, f'published, {size}'):12.2f}",
            f"{table.rate(test, f'kit, {size}'):8.2f}",
            f"{table.rate(test, f'kit, {size}', 1.0):18.2f}",
        )
        say(f"  {test:22}" + "".join(figures))
    say(f"  {'all together, by shift':20}" + "".join(f"{share:8}" for share in SHARES))
    for suite in ("published", "kit"):
        for line in table.lines(f"{suite}, {size}"):
            say(line)


def judged(table: Table, alarms: Table) -> int:
    aims = Aims()
    aims.at_most("false alarms in unshifted windows of 100", alarms.rate(ALL, "unshifted, 100"), FALSE_ALARMS)
    aims.at_least(f"published suite at 100 (study: {PUBLISHED_AT_100})", table.rate(ALL, "published, 100"), AT_100)
    aims.at_least(f"published suite at 1,000 (study: {PUBLISHED_AT_1000})", table.rate(ALL, "published, 1000"), AT_1000)
    aims.at_least("kit's suite at full strength, 100", table.rate(ALL, "kit, 100", 1.0), 1.0)
    return aims.exit_code()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
