"""The part of the report's page about the model in service: its training, its gate, and the drift of its traffic."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from display import epochs, figures
from display.drift_figures import DriftFigures, with_class_names
from display.epochs import Epoch
from display.line_chart import Axes, Series, line_chart
from display.matrix_chart import confusion_matrix
from scones.monitoring.words import first_found
from scones.report.content import Report
from scones.report.evidence import ACCURACY, Evidence
from scones.report.sections import CHART, CURVE_TONES, Figure, captioned, data_uri, line_key

FEATURES_SHOWN = 8
NOT_COMPARED = "No traffic of this model has been compared with its baseline: <code>scones monitor run</code> does so."
SIDES = (
    "Baseline and window are medians, or the shares of the images that differ the most. A difference is a distance of "
    "two distributions, from 0 to 1, or percentage points of the images."
)
VALIDATION = (
    "The validation images are the test images. They also chose the epoch whose model is kept, the first with the "
    "highest accuracy, so the accuracies are a little higher than on new images. Epochs count from 1; the log counts "
    "them from 0."
)


def headline(report: Report) -> list[Figure]:
    job = report.summary["training_job"]
    accuracy, epoch = job["validation_accuracy"], job.get("kept_epoch")
    of_epoch = f"epoch {epoch}, kept, on the test images" if epoch else ""
    shown: list[Figure] = [("Validation accuracy", "unknown" if accuracy is None else f"{accuracy:.4g}", of_epoch)]
    if gated := _gate_counts(report):
        right, images = sum(row[true] for true, row in enumerate(gated)), sum(map(sum, gated))
        shown.append(("At the pipeline's gate", figures.share(right, images), f"{right} of {images} test images"))
    return shown


def charts(report: Report) -> list[str]:
    """Return the charts of the training and of the gate."""
    drawn = [_training(report)] if report.curves else []
    if gated := _gate_counts(report):
        note = f"the model's answers for all {sum(map(sum, gated))} test images"
        drawn.append(captioned("Confusion matrix at the gate", note, confusion_matrix(gated, report.classes)))
    return drawn


def gate(report: Report) -> str:
    """Return what the gate said about the model; empty if it has passed none."""
    summary = str(report.evidence.gate.get("gate", {}).get("summary", ""))
    summary = with_class_names(summary, report.classes)
    return f'<p class="quiet">At the gate. {"; ".join(map(escape, summary.splitlines()))}.</p>' if summary else ""


def _gate_counts(report: Report) -> list[list[int]]:
    """Return how often each true class was predicted as each class at the pipeline's gate; empty without a gate."""
    matrix = report.evidence.gate.get(ACCURACY, {}).get("confusion_matrix", {})
    classes = [str(number) for number in range(len(report.classes))] if matrix else []
    return [[int(matrix.get(true, {}).get(predicted, 0)) for predicted in classes] for true in classes]


def _training(report: Report) -> str:
    kept = report.summary["training_job"].get("kept_epoch")
    series = [
        Series(name.partition(":")[0], tuple((float(each.number), each.value) for each in curve), tone)
        for (name, curve), tone in zip(report.curves.items(), reversed(CURVE_TONES), strict=False)
    ]
    words = [_told(name, curve) for name, curve in report.curves.items()]
    keys = "".join(line_key(f"{each.name} {told}", each.tone) for each, told in zip(series, words, strict=False))
    mark = (float(kept), f"kept: epoch {kept}") if kept else None
    chart = line_chart(series, "Training curves", Axes(*CHART, x_name="epoch", mark=mark))
    return captioned("Accuracy by epoch", keys, chart, below=VALIDATION)


def _told(name: str, curve: Sequence[Epoch]) -> str:
    """Return the words on the last value of a curve, and on the best of the one that chooses the epoch."""
    last = epochs.last(curve)
    assert last, "a curve has a value"
    return epochs.told(last, epochs.kept(curve) if name.startswith("validation") else None)


def drift(report: Report) -> str:
    """Return what the monitor found in the last window, and the features that are the farthest from the baseline."""
    evidence, classes = report.evidence, report.classes
    state, comparison = evidence.state, evidence.comparison
    if not state:
        return f"<h3>Drift</h3><p>{NOT_COMPARED}</p>"
    verdict = "no drift" if comparison.get("tests") else "too little traffic to compare"
    if state.get("since"):
        verdict = first_found(str(state["since"]))
    lines = [line for line in str(comparison.get("message", "")).splitlines() if not line.startswith("Examples: ")]
    message = "<br>".join(escape(with_class_names(line, classes)) for line in lines)
    tests = sorted(comparison.get("tests", ()), key=lambda test: test["corrected_p"])[:FEATURES_SHOWN]
    head = "<tr><th>Feature</th><th>Baseline</th><th>Window</th><th>Difference</th><th>Corrected p</th></tr>"
    table = (
        f'<table>{head}{"".join(_row(test, classes) for test in tests)}</table><p class="quiet">{SIDES}</p>'
        if tests
        else ""
    )
    return f"<h3>Drift: {verdict}</h3><p>{message}</p>{_examples(evidence)}{table}"


def _row(test: Mapping[str, Any], classes: tuple[str, ...]) -> str:
    shares = tuple(test.get("shares") or ()) or None
    feature = with_class_names(str(test["feature"]), classes)
    sides = test["before"], test["after"]
    drawn = DriftFigures(str(test["family"]), feature, test["effect"], *sides, shares, test.get("at"), classes)
    cells = (drawn.feature.replace("_", " "), *drawn.sides, drawn.difference, figures.p_value(test["corrected_p"]))
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _examples(evidence: Evidence) -> str:
    images = "".join(f'<li><img src="{data_uri(image)}" alt="An unusual image"></li>' for image in evidence.examples)
    return f'<p class="quiet">The most unusual images:</p><ul class="gallery">{images}</ul>' if images else ""
