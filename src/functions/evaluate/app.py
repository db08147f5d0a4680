"""Evaluate: compare a model's answers for the test images with their labels, and decide whether it passes the gate.

The answers are files that batch transform jobs wrote. The test images are also the validation images of the training
job, which picks its best epoch on them: no images are held out, so the accuracy is optimistic.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

READERS = 32
EXAMPLES_PER_CLASS = 2
# Differences of accuracies have rounding errors: 1 - 0.98 is a little more than 0.02.
ROUNDING = 1e-9

s3 = boto3.client("s3", config=Config(max_pool_connections=READERS))


class EvaluateError(Exception):
    """The base of this function's errors."""


class EventNotUnderstood(EvaluateError):
    """The event does not name what to evaluate, or the conditions of the gate."""


class LabelsMissing(EvaluateError):
    """The manifest with the labels does not exist, or is not a manifest."""


class AnswersMissing(EvaluateError):
    """A transform job wrote no answer for some of the images."""


class AnswerNotUnderstood(EvaluateError):
    """An answer is not a list of probabilities."""


@dataclass(frozen=True)
class Gate:
    """The conditions for a model. `tolerance`: how much lower its accuracy may be than that of the model in service."""

    accuracy_at_least: float
    tolerance: float


@dataclass(frozen=True)
class Evaluation:
    """The result for one model. `confusion`: the number of images by label (first) and prediction (second)."""

    confusion: Mapping[tuple[int, int], int]

    @property
    def images(self) -> int:
        return sum(self.confusion.values())

    @property
    def correct(self) -> int:
        return sum(count for (label, prediction), count in self.confusion.items() if label == prediction)

    @property
    def accuracy(self) -> float:
        return self.correct / self.images

    def for_label(self, label: int) -> "Evaluation":
        return Evaluation({pair: count for pair, count in self.confusion.items() if pair[0] == label})

    @property
    def labels(self) -> list[int]:
        return sorted({label for label, _ in self.confusion})


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Evaluate `candidate` and, if a model is in service, `served`. `models` has the prefixes of their answers."""
    bucket, models, gate = parse_event(event)
    labels = labels_in(bucket, event["manifest"])
    answers = {name: answers_in(bucket, prefix, list(labels)) for name, prefix in models.items()}
    evaluations = {name: evaluated(labels, by_image) for name, by_image in answers.items()}
    candidate, served = evaluations["candidate"], evaluations.get("served")
    reasons = shortcomings(candidate, served, gate)
    text = summary(candidate, served, gate, reasons, name_of_served(event["models"]))
    report = write_report(bucket, event["report"], candidate, text)
    return {
        "passed": not reasons,
        "accuracy": f"{candidate.accuracy:.4f}",
        "summary": text,
        "reasons": reasons,
        "report": report,
        "models": {name: figures(evaluation) for name, evaluation in evaluations.items()},
        "examples": examples(labels, answers["candidate"]),
    }


def parse_event(event: Mapping[str, Any]) -> tuple[str, dict[str, str], Gate]:
    try:
        models = {model["name"]: model["answers"] for model in event["models"]}
        gate = Gate(float(event["gate"]["accuracy_at_least"]), float(event["gate"]["tolerance"]))
        bucket = event["bucket"]
    except (KeyError, TypeError, ValueError) as error:
        raise EventNotUnderstood(
            f"{error!r} in the event; it should have bucket, manifest, report, models [{{name, answers}}], "
            "and gate {accuracy_at_least, tolerance}"
        ) from error
    if "candidate" not in models or not 0 <= gate.accuracy_at_least <= 1 or not 0 <= gate.tolerance <= 1:
        raise EventNotUnderstood(
            f"models are {', '.join(models)}, the gate is {gate}; there should be a candidate, and shares from 0 to 1"
        )
    return bucket, models, gate


def name_of_served(models: list[dict[str, Any]]) -> str:
    """Return the name of the model in service, if the event tells it: later, the endpoint may serve another."""
    return next((str(model.get("model", "")) for model in models if model["name"] == "served"), "")


def labels_in(bucket: str, key: str) -> dict[str, int]:
    """Return labels by file name, in the manifest's order."""
    uri = f"s3://{bucket}/{key}"
    try:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        labels = {name: int(label) for _, label, name in (line.split("\t") for line in text.splitlines())}
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket) as error:
        raise LabelsMissing(f"{uri} does not exist ({error}): run `scones stage` first") from error
    except ValueError as error:
        raise LabelsMissing(f"{uri} is not a manifest ({error}); its lines should be row, label, file name") from error
    if not labels:
        raise LabelsMissing(f"{uri} names no image: there is nothing to evaluate on")
    return labels


def answers_in(bucket: str, prefix: str, names: list[str]) -> dict[str, list[float]]:
    """Return the probabilities for each image, from the `.out` file that the transform job wrote for it."""
    keys = {name: f"{prefix}{name}.out" for name in names}
    if missing := sorted(set(keys.values()) - set(present(bucket, prefix))):
        raise AnswersMissing(
            f"{len(missing)} of {len(keys)} answers are not under s3://{bucket}/{prefix}, first {missing[0]}: "
            "look at the transform job's log"
        )
    with ThreadPoolExecutor(READERS) as pool:
        return dict(zip(names, pool.map(lambda key: probabilities(bucket, key), keys.values()), strict=True))


def present(bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (item["Key"] for item in page.get("Contents", []))


def probabilities(bucket: str, key: str) -> list[float]:
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        values = [float(value) for value in json.loads(body)]
    except (ValueError, TypeError) as error:
        raise AnswerNotUnderstood(
            f"s3://{bucket}/{key} is {body!r:.80} ({error}); it should be a list of probabilities"
        ) from error
    if not values or not all(map(math.isfinite, values)):
        raise AnswerNotUnderstood(f"s3://{bucket}/{key} is {body!r:.80}; it should be a list of probabilities")
    return values


def predicted(answer: list[float]) -> int:
    return answer.index(max(answer))


def evaluated(labels: Mapping[str, int], answers: Mapping[str, list[float]]) -> Evaluation:
    return Evaluation(Counter((label, predicted(answers[name])) for name, label in labels.items()))


def shortcomings(candidate: Evaluation, served: Evaluation | None, gate: Gate) -> list[str]:
    """Return the reasons why the candidate does not pass. Both models were evaluated on the same images."""
    reasons = []
    if candidate.accuracy < gate.accuracy_at_least:
        reasons.append(f"accuracy {candidate.accuracy:.3f} is below {gate.accuracy_at_least:.3f}")
    if served and served.accuracy - candidate.accuracy > gate.tolerance + ROUNDING:
        reasons.append(
            f"accuracy {candidate.accuracy:.3f} is more than {gate.tolerance:.3f} below that of the model in service, "
            f"{served.accuracy:.3f}"
        )
    return reasons


def summary(
    candidate: Evaluation, served: Evaluation | None, gate: Gate, reasons: list[str], served_name: str = ""
) -> str:
    by_class = ", ".join(f"class {label} {line(candidate.for_label(label))}" for label in candidate.labels)
    named = f" ({served_name})" if served_name else ""
    lines = [
        f"New model: {line(candidate)} ({by_class})",
        f"Model in service: {line(served)}{named}" if served else "Model in service: none",
        f"Gate: at least {gate.accuracy_at_least:.3f}, and at most {gate.tolerance:.3f} below the model in service",
        f"Stopped: {'; '.join(reasons)}" if reasons else "Passed",
    ]
    return "\n".join(lines)


def line(evaluation: Evaluation) -> str:
    return f"{evaluation.accuracy:.3f}, {evaluation.correct} of {evaluation.images}"


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return the numbers for other programs. per_class is by label."""
    per_class = {str(label): evaluation.for_label(label) for label in evaluation.labels}
    return {
        **counts(evaluation),
        "per_class": {label: counts(for_label) for label, for_label in per_class.items()},
    }


def counts(evaluation: Evaluation) -> dict[str, Any]:
    return {"accuracy": evaluation.accuracy, "correct": evaluation.correct, "images": evaluation.images}


def write_report(bucket: str, key: str, candidate: Evaluation, text: str) -> str:
    """Write the accuracy and the confusion matrix in the form of the model registry's ModelMetrics; return the URI.

    The summary, with the model in service, is added as `gate`: the registry has no place for it.
    """
    matrix: dict[str, dict[str, int]] = {}
    for (label, prediction), count in sorted(candidate.confusion.items()):
        matrix.setdefault(str(label), {})[str(prediction)] = count
    accuracy = {"value": candidate.accuracy, "standard_deviation": "NaN"}
    metrics = {"accuracy": accuracy, "confusion_matrix": matrix}
    report = {"multiclass_classification_metrics": metrics, "gate": {"summary": text}}
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(report).encode(), ContentType="application/json")
    return f"s3://{bucket}/{key}"


def examples(labels: Mapping[str, int], answers: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """Return a few images of each class with the model's answers. The smoke test expects them from the endpoint."""
    by_label: dict[int, list[str]] = {}
    for name, label in labels.items():
        by_label.setdefault(label, []).append(name)
    chosen = [name for label in sorted(by_label) for name in by_label[label][:EXAMPLES_PER_CLASS]]
    return [{"name": name, "probabilities": answers[name]} for name in chosen]
