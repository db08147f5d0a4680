"""The report's HTML page: one file that contains its images and loads nothing else."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from scones.classify.executions import Execution
from scones.classify.run_record import Run
from scones.dataset.manifests import Classes, class_name
from scones.report.captured_records import CapturedRecord

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 1080px; margin: 2.5rem auto; padding: 0 1rem }
h1 { margin: 0 } h2 { margin: 2.5rem 0 .5rem } p { color: #52606d; margin: .2rem 0 1rem }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 }
.figures div { background: #f5f7fa; border-radius: 10px; padding: .8rem 1.2rem; min-width: 8rem }
.figures b { display: block; font-size: 1.7rem } .figures span { color: #52606d; font-size: .9rem }
.gallery { display: flex; flex-wrap: wrap; gap: 1rem }
.gallery figure { margin: 0; width: 128px; font-size: .8rem; color: #52606d; overflow-wrap: anywhere }
.gallery img { width: 128px; height: 128px; image-rendering: pixelated; border-radius: 8px }
.gallery b { color: #1f2933 } .wrong b { color: #b42318 }
.picture { width: 100%; border: 1px solid #e4e7eb; border-radius: 10px }
table { border-collapse: collapse } td { padding: .2rem 1.5rem .2rem 0; border-bottom: 1px solid #e4e7eb }
"""


Pair = tuple[Execution, CapturedRecord]


def data_uri(data: bytes) -> str:
    kind = "jpeg" if data.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def is_wrong(execution: Execution, record: CapturedRecord) -> bool:
    return execution.label is not None and bool(record.probabilities) and execution.label != record.prediction


def card(execution: Execution, record: CapturedRecord, classes: Classes) -> str:
    prediction = f"{class_name(record.prediction, classes)} {record.confidence:.3f}"
    mark = ' class="wrong"' if is_wrong(execution, record) else ""
    return (
        f'<figure{mark}><img src="{data_uri(record.image)}" alt="{escape(execution.key)}">'
        f"<figcaption><b>{escape(prediction)}</b><br>true class: {class_name(execution.label, classes)}<br>"
        f"{escape(execution.key)}</figcaption>"
        "</figure>"
    )


def gallery(title: str, text: str, pairs: list[Pair], classes: Classes) -> str:
    cards = "".join(card(execution, record, classes) for execution, record in pairs) or "<p>None.</p>"
    return f'<h2>{title} ({len(pairs)})</h2><p>{text}</p><div class="gallery">{cards}</div>'


def figures(summary: Mapping[str, Any], total: int) -> str:
    accuracy, ran = summary["training_job"]["validation_accuracy"], summary["executions"]
    shown = [
        (
            "unknown" if accuracy is None else f"{accuracy:.1%}",
            "accuracy on the validation images, which are the test images",
        ),
        (ran["started"], "executions"),
        (ran["succeeded"], "reached the threshold"),
        (ran["below_threshold"], "below the threshold"),
        (ran["failed"], "failed"),
        (f"{summary['captured_records']} / {summary['invocations']}", "captured / invocations"),
        (total, "records captured at this endpoint"),
    ]
    return "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in shown)


def table(summary: Mapping[str, Any]) -> str:
    job = summary["training_job"]
    rows = {
        "Target": summary["target"],
        "Classes": ", ".join(summary["classes"]),
        "Data": f"{summary['dataset']}: {summary['train_images']} train, {summary['test_images']} test images",
        "Training job": f"{job['name']}, {job['status']}, {job['training_seconds']} s",
        "Endpoint": f"{summary['endpoint']['name']}, {summary['endpoint']['status']}",
        "Steps": ", ".join(f"{name} {seconds:.1f} s" for name, seconds in summary["step_seconds"].items()),
    }
    return "".join(f"<tr><td>{name}</td><td>{escape(str(value))}</td></tr>" for name, value in rows.items())


def render(summary: Mapping[str, Any], run: Run, records: list[CapturedRecord], total: int, picture: Path) -> str:
    by_name = {execution.name: execution for execution in run.executions}
    pairs = [(by_name[record.inference_id or ""], record) for record in records if record.probabilities]
    below = sorted((p for p in pairs if p[1].confidence < run.threshold), key=lambda p: p[1].confidence)
    wrong = [pair for pair in pairs if is_wrong(*pair) and pair[1].confidence >= run.threshold]
    classes = tuple(summary["classes"])
    below_text = f"Confidence below {run.threshold:g}: a person reviews these. The lowest confidence comes first."
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Scones Unlimited: report</title><style>{STYLE}</style></head><body>
<h1>Scones Unlimited</h1><p>Which vehicle has arrived? Its class decides whether it receives near or far orders.</p>
<img class="picture" src="{data_uri(picture.read_bytes())}" alt="Confidence of each decision over time">
<div class="figures">{figures(summary, total)}</div>
{gallery("Below the threshold", below_text, below, classes)}
{gallery("Confident but wrong", "According to the manifest, these go to the wrong loading bay.", wrong, classes)}
<h2>The run</h2><table>{table(summary)}</table>
</body></html>
"""
