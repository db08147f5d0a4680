"""The report's HTML page: one file that contains its images and loads nothing else.

The model in service need not be the one that answered the run: a pipeline may have put another one into service since.
The page then has a part for each, under the model's name, and that of the model in service comes first.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from display import figures
from display.stylesheet import stylesheet
from scones.report import latency, model_part, run_part
from scones.report.content import Report
from scones.report.sections import charts, figures_row, table

STYLE = Path(__file__).with_name("report.css")


def render(report: Report) -> str:
    """Return the page."""
    parts = one_part(report) if report.is_of_one_model else two_parts(report)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scones Unlimited: report</title><style>{stylesheet()}{STYLE.read_text()}</style></head><body>
<h1>Scones Unlimited</h1>
<p class="lead">Which vehicle has arrived? Its class decides whether it receives near or far orders.</p>
{parts}
<h2>How it was made</h2>
{table("Target, data and endpoint", made_with(report.summary))}
{table("Settings", named(report.summary.get("settings", {})))}
{table("Versions", report.summary.get("versions", {}))}
</body></html>
"""


def one_part(report: Report) -> str:
    """Return the part of the model in service, which has also answered the run."""
    return f"""<h2>{escape(report.served)}, in service</h2>
{figures_row([*run_part.headline(report), *model_part.headline(report)])}
{charts([*run_part.charts(report), *model_part.charts(report)])}
{model_part.gate(report)}
{of_run(report)}
{model_part.drift(report)}"""


def two_parts(report: Report) -> str:
    """Return the part of the model in service, and then that of the earlier one, which answered the run."""
    return f"""<h2>{escape(report.served)}, in service now</h2>
<p>It has not answered a run yet: <code>scones classify</code> tries it.</p>
{figures_row(model_part.headline(report))}
{model_part.gate(report)}
{charts([*model_part.charts(report), latency.of_served(report)])}
{model_part.drift(report)}
<h2>The last run, answered by {escape(report.answered_by)}, which is no longer in service</h2>
{figures_row(run_part.headline(report))}
{charts(run_part.charts(report))}
{of_run(report)}"""


def of_run(report: Report) -> str:
    """Return what follows the charts of the run."""
    return f"""{run_part.against_the_run_before(report.summary.get("run", {}), report.summary.get("run_before"))}
{run_part.galleries(report)}
{run_part.failures(report.run)}"""


def made_with(summary: Mapping[str, Any]) -> dict[str, str]:
    job, steps = summary["training_job"], summary["step_seconds"].items()
    trained = f"{job['name']}, {job['status']}, {figures.duration(job['training_seconds'])}"
    return {
        "Target": summary["target"],
        "Classes": ", ".join(summary["classes"]),
        "Data": f"{summary['dataset']}: {summary['train_images']} train, {summary['test_images']} test images",
        "Endpoint": f"{summary['endpoint']['name']}, {summary['endpoint']['status']}",
        "Training job of the model in service": trained,
        "Last time of each command": ", ".join(f"{name} {figures.duration(seconds)}" for name, seconds in steps),
    }


def named(settings: Mapping[str, object]) -> dict[str, object]:
    of_model = {name: f"{name} of the model in service" for name in ("training_image", "hyperparameters")}
    return {of_model.get(name, name).replace("_", " "): value for name, value in settings.items()}
