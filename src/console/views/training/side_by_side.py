"""A few jobs side by side: their metrics, what else differs between them, and which of two has the better model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from console.aws.training.comparison import AS_SET, TRAINING_TIME, ComparedJob, Comparison
from console.views.training.metrics import HAVE_MODELS, column_note, has_direction, is_small_good, origin
from display import figures

TWO = 2
NOT_SET = "not set"
NO_MODEL_YET = {"Failed": "failed", "InProgress": "is still running", "Stopping": "is being stopped"}
VALIDATION_DATA = "data: validation"
OTHER_DATA = "The jobs have different validation data: these numbers do not tell which model is better."


@dataclass(frozen=True)
class Cell:
    """A value of one job. `label` names the job where there is no room for columns."""

    label: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A metric, a hyperparameter or a setting. `difference` is new minus old; empty unless two numbers differ."""

    name: str
    note: str
    cells: Sequence[Cell]
    difference: str = ""


@dataclass(frozen=True)
class Verdict:
    """Which of two jobs has the better model, by one metric. Without a metric, `words` say why it is unknown."""

    words: str
    metric: str = ""
    better: Cell | None = None
    worse: Cell | None = None
    """They say of which epoch the values are. Of two equal ones, the new job's is `better`."""
    difference: str = ""
    """New minus old."""
    data: str = ""
    """Whether both were measured on the same data."""

    @property
    def is_decided(self) -> bool:
        return bool(self.metric) and self.data != OTHER_DATA


def labels(count: int) -> tuple[str, ...]:
    """Return the labels of so many jobs, the oldest first."""
    return ("old", "new") if count == TWO else tuple(map(str, range(1, count + 1)))


def by_age(comparison: Comparison) -> Comparison:
    """Return the jobs with the oldest first, so that a difference is new minus old."""
    return replace(comparison, jobs=sorted(comparison.jobs, key=lambda job: job.created))


def difference(comparison: Comparison, name: str) -> str:
    """Return new minus old of two jobs with its sign, `0` for equal numbers, and nothing without two numbers."""
    if len(comparison.jobs) != TWO:
        return ""
    old, new = (comparison.value(job, name) for job in comparison.jobs)
    if old is None or new is None:
        return ""
    if name != TRAINING_TIME:
        return figures.difference(old, new)
    if old == new:
        return "0"
    return ("+" if new > old else "\N{MINUS SIGN}") + figures.duration(abs(new - old))


def same(comparison: Comparison) -> dict[str, str]:
    """Return the settings and hyperparameters that are equal in all jobs, by name."""
    first = comparison.jobs[0]
    is_set = {name for job in comparison.jobs for name in job.hyperparameters}
    equal = {
        **first.settings,
        **{name: value for name, value in first.defaults.items() if name in is_set},
        **first.hyperparameters,
    }
    differing = {*(name.removesuffix(AS_SET) for name in comparison.varying), *comparison.varying_settings}
    return {name: value for name, value in sorted(equal.items()) if name not in differing}


def rows(comparison: Comparison) -> list[Row]:
    """Return a row for each metric, the training time, and each hyperparameter and setting that differs."""
    jobs = comparison.jobs
    has_best = any(job.best for job in jobs)
    named = labels(len(jobs))
    metrics = [
        Row(
            name,
            column_note(name, has_best),
            [_metric_cell(comparison, job, name, label, has_best) for label, job in zip(named, jobs, strict=True)],
            difference(comparison, name),
        )
        for name in comparison.metrics
    ]
    others = [(TRAINING_TIME, [figures.duration(job.seconds) for job in jobs])]
    others += [(name, [comparison.told_value(job, name) or NOT_SET for job in jobs]) for name in comparison.varying]
    others += [(name, [job.settings.get(name, figures.NONE) for job in jobs]) for name in comparison.varying_settings]
    return metrics + [
        Row(name, "", list(map(Cell, named, values)), difference(comparison, name)) for name, values in others
    ]


def _metric_cell(comparison: Comparison, job: ComparedJob, name: str, label: str, has_best: bool) -> Cell:
    note = origin(job, name) if column_note(name, has_best) != origin(job, name) else ""
    return Cell(label, figures.number(comparison.value(job, name)), note)


def verdict(comparison: Comparison) -> Verdict | None:
    """Return which of two jobs, the older first, has the better model; None for more, or without a common metric."""
    if len(comparison.jobs) != TWO:
        return None
    old, new = comparison.jobs
    labeled = (("old", old), ("new", new))
    for label, job in labeled:
        if job.status not in HAVE_MODELS:
            return Verdict(f"The {label} job has no model to compare: it {NO_MODEL_YET.get(job.status, job.status)}.")
        if job.unread:
            return Verdict(f"The log of the {label} job has not been read: which epoch it kept is unknown.")
    name = next((each for each in comparison.metrics if _is_common(each, old, new)), "")
    if not name:
        return Verdict("The jobs have no common metric that tells which model is better.")
    value = new.metrics[name] - old.metrics[name]
    is_new = value == 0 or (value < 0) == is_small_good(name)
    data = _data(old, new, name)
    words = _words(value, "new" if is_new else "old", data == OTHER_DATA)
    first, second = (Cell(label, figures.number(job.metrics[name]), origin(job, name)) for label, job in labeled)
    better, worse = (second, first) if is_new else (first, second)
    return Verdict(words, name, better, worse, difference(comparison, name), data)


def _words(difference: float, better: str, are_other_data: bool) -> str:
    if are_other_data:
        return f"The {better} job has the better value, but on other data" if difference else "The values are equal"
    return f"The {better} model is better" if difference else "Both models are equally good"


def _is_common(name: str, old: ComparedJob, new: ComparedJob) -> bool:
    """Whether two jobs have a metric that says something about their models: one of training says little."""
    return has_direction(name) and not name.startswith("train") and name in old.metrics and name in new.metrics


def _data(old: ComparedJob, new: ComparedJob, metric: str) -> str:
    """Return whether a validation metric of two jobs is of the same data, as far as the jobs tell."""
    if not metric.startswith("validation"):
        return ""
    places = {job.settings.get(VALIDATION_DATA) for job in (old, new)}
    if len(places) > 1:
        return OTHER_DATA
    return "" if None in places else "Both were measured on validation data from the same place."
