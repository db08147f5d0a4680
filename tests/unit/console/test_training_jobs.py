"""Training jobs: the list, a job's page, its curves, and the comparison."""

from __future__ import annotations

import asyncio
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, Session, endpoint_answers, log, nothing
from tests.unit.console.doubles import job as described
from tests.unit.console.test_changes import STACK

from console.aws.client import Aws
from console.aws.training.comparison import ComparedJobs
from console.aws.training.image_classification import DEFAULTS
from display import figures
from image_classification.hyperparameters import Hyperparameters

LOG = (
    "Epoch[0] Train-accuracy=0.5",
    "Epoch[0] Validation-accuracy=0.75",
    "Epoch[1] Train-accuracy=0.8125",
    "Epoch[1] Validation-accuracy=0.9375",
    "no metric here",
)


def test_the_figures_of_a_job_are_those_of_the_api(open_console: Open) -> None:
    page = open_console({"sagemaker.describe_training_job": described(), **log(*LOG)}).get("/training-jobs/bikes").text
    for text in (
        "0.9375",
        "1 min 00 s",
        "1 \N{MULTIPLICATION SIGN} ml.m5.xlarge",
        "learning_rate",
        "s3://images/train/",
        "no metric here",
    ):
        assert text in page


def test_train_and_validation_share_a_chart_that_has_every_value(open_console: Open) -> None:
    page = open_console({"sagemaker.describe_training_job": described(), **log(*LOG)}).get("/training-jobs/bikes").text
    assert page.count("<figure>") == 1
    assert "value 1: train 0.5 · validation 0.75" in page
    assert "value 2: train 0.8125 · validation 0.9375" in page


LATER = int((NOW + timedelta(days=1)).timestamp() * 1000)
CLASSIFIER = "813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:1"
PEAK = (*LOG[:4], "Epoch[2] Train-accuracy=0.875", "Epoch[2] Validation-accuracy=0.875")


def classified(**changed: Any) -> dict[str, Any]:
    """Return the answers of an account with a job of the image-classification algorithm that was best in epoch 2."""
    definitions = described()["AlgorithmSpecification"]["MetricDefinitions"]
    last = [{"MetricName": "validation:accuracy", "Value": 0.875, "Timestamp": NOW}]
    algorithm = {"TrainingImage": CLASSIFIER, "MetricDefinitions": definitions}
    job = described("bikes", AlgorithmSpecification=algorithm, FinalMetricDataList=last, **changed)
    return {"sagemaker.describe_training_job": job, **log(*PEAK)}


def test_the_best_epoch_which_is_kept_is_shown_beside_the_last(open_console: Open) -> None:
    page = open_console(classified()).get("/training-jobs/bikes").text
    assert "validation:accuracy</dt><dd>0.9375<small>epoch 2, kept, " in page
    assert "; last 0.875 at epoch 3</small>" in page
    assert "validation best 0.9375 at epoch 2, last 0.875 at epoch 3</span>" in page
    assert "train last 0.875 at epoch 3</span>" in page
    assert "kept: epoch 2</text>" in page
    assert "they also choose the epoch that is kept" in page


@pytest.mark.parametrize(
    ("validated", "words", "figure"),
    [
        ({0: 0.9375, 1: 0.9375, 2: 0.9375}, "best 0.9375 at epoch 1, last 0.9375 at epoch 3", "epoch 1, kept"),
        ({0: 0.75, 1: 0.9375}, "best and last 0.9375 at epoch 2", "epoch 2, kept"),
        ({0: 0.75, 2: 0.9375}, "best and last 0.9375 at epoch 3", "epoch 3, kept"),
    ],
)
def test_legend_figure_mark_and_comparison_agree_on_the_best_and_the_last_epoch(
    open_console: Open, validated: dict[int, float], words: str, figure: str
) -> None:
    lines = [f"Epoch[{epoch}] Train-accuracy=0.5" for epoch in range(3)]
    lines += [f"Epoch[{epoch}] Validation-accuracy={value}" for epoch, value in validated.items()]
    events = {"events": [{"timestamp": LATER + n, "message": line} for n, line in enumerate(lines[3:])]}
    console = open_console(classified() | log(*lines) | {"logs.filter_log_events": events})
    page = console.get("/training-jobs/bikes").text
    assert f"validation {words}</span>" in page
    assert "train last 0.5 at epoch 3</span>" in page
    assert f"<dd>0.9375<small>{figure}, " in page
    assert f"kept: {figure.partition(',')[0]}</text>" in page
    assert f"Epoch[{int(figure[6]) - 1}]</code> in the log" in page
    compared = console.get("/training-jobs/compare?name=bikes").text
    assert figure in compared or "of the epoch that is kept" in compared


def test_the_last_value_of_a_figure_is_that_of_its_curve(open_console: Open) -> None:
    algorithm = {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=(\\S+)"}]}
    told_before = [{"MetricName": "loss", "Value": 0.5, "Timestamp": NOW}]
    job = described(AlgorithmSpecification=algorithm, FinalMetricDataList=told_before)
    page = open_console({"sagemaker.describe_training_job": job, **log("loss=0.25", "loss=0.125")})
    text = page.get("/training-jobs/bikes").text
    assert "loss</dt><dd>0.125<small>last value" in text
    assert "last 0.125</span>" in text


def test_the_best_epoch_leads_to_its_line_in_the_log_which_counts_from_zero(open_console: Open) -> None:
    page = open_console(classified()).get("/training-jobs/bikes").text
    assert '<a href="#best-epoch"><code>Epoch[1]</code> in the log</a>' in page
    (line,) = re.findall(r'<span id="best-epoch">(.*?)</span>', page, re.DOTALL)
    assert line.endswith("Epoch[1] Validation-accuracy=0.9375\n")


def test_the_line_of_an_epoch_that_the_page_does_not_show_is_searched(open_console: Open) -> None:
    page = open_console(classified() | log(*PEAK, *["still here"] * 400)).get("/training-jobs/bikes").text
    assert 'id="best-epoch"' not in page
    assert "prefix=bikes%2F&amp;text=Epoch%5B1%5D&amp;hours=168" in page


def test_curves_of_image_classification_are_by_epoch(open_console: Open) -> None:
    page = open_console(classified()).get("/training-jobs/bikes").text
    assert "epoch 2: train 0.8125 · validation 0.9375" in page


def test_the_defaults_of_the_algorithm_are_listed_without_those_that_are_set(open_console: Open) -> None:
    page = open_console(classified()).get("/training-jobs/bikes").text
    folded = page[page.index('<details id="defaults"') : page.index("</details>", page.index('<details id="defaults"'))]
    assert "<th>mini_batch_size</th><td>32 <small>default</small>" in folded
    assert "<th>epochs</th>" not in folded


def test_the_listed_defaults_are_those_of_the_algorithm() -> None:
    known: dict[str, Any] = {each.name: each.default for each in fields(Hyperparameters)}
    for name, text in DEFAULTS.items():
        shape = ",".join(map(str, known[name])) if isinstance(known[name], tuple) else str(known[name])
        assert text == {"False": "0" if text == "0" else "false"}.get(shape, shape), name


def test_the_overview_has_the_best_epoch_of_the_model_in_service(open_console: Open) -> None:
    stack = {
        "StackName": "s",
        "Outputs": [{"OutputKey": key, "OutputValue": "x"} for key in ("StateMachineArn", "ReviewQueueUrl", "Bucket")],
        "Parameters": [{"ParameterKey": "EndpointName", "ParameterValue": "bikes"}],
    }
    endpoint = endpoint_answers({})
    served = {"sagemaker.list_endpoints": {"Endpoints": [endpoint["sagemaker.describe_endpoint"]]}}
    answers = {**endpoint, **classified(), **served, "cloudformation.describe_stacks": {"Stacks": [stack]}}
    page = open_console(answers).get("/").text
    assert "<b>0.9375</b> <small>epoch 2, kept; last 0.875 at epoch 3</small>" in page


def test_a_metric_whose_expression_explodes_keeps_nothing_else_from_the_page(open_console: Open) -> None:
    algorithm = {
        "MetricDefinitions": [
            {"Name": "trap", "Regex": "(a+)+$"},
            {"Name": "loss", "Regex": "loss=(\\S+)"},
        ]
    }
    job = described(AlgorithmSpecification=algorithm)
    answers = {"sagemaker.describe_training_job": job, **log("a" * 99 + "b", "loss=0.25", "loss=0.125")}
    assert "value 2: 0.125" in open_console(answers).get("/training-jobs/bikes").text


def test_a_running_job_is_followed_to_its_end(open_console: Open) -> None:
    running = {"sagemaker.describe_training_job": described(status="InProgress"), **log(*LOG[:2])}
    console = open_console(running)
    with console.stream("/training-jobs/bikes") as events:
        assert "InProgress" in next(events)["live_head"]
        console.session.answers |= {"sagemaker.describe_training_job": described(), **log(*LOG)}
        blocks: dict[str, str] = {}
        while "Completed" not in blocks.get("live_head", "") or "no metric" not in blocks.get("live_log", ""):
            blocks |= next(events)
    assert "value 2:" in blocks["live_charts"]


def test_the_description_of_an_ended_job_is_read_once(open_console: Open) -> None:
    console = open_console({"sagemaker.describe_training_job": described(), **log(*LOG)})
    with console.stream("/training-jobs/bikes") as events:
        next(events)
        console.get("/training-jobs/bikes")
    assert len(console.session.asked("sagemaker.describe_training_job")) == 1


def test_filters_and_pages_are_left_to_the_api(open_console: Open) -> None:
    summary = {"TrainingJobName": "b", "TrainingJobStatus": "Failed", "CreationTime": NOW, "TrainingEndTime": NOW}
    answer = {"TrainingJobSummaries": [summary], "NextToken": "t/1"}
    console = open_console({"sagemaker.list_training_jobs": answer})
    page = console.get("/training-jobs?status=Failed&q=b&after=t0").text
    (request,) = console.session.asked("sagemaker.list_training_jobs")
    assert (request["StatusEquals"], request["NameContains"], request["NextToken"]) == ("Failed", "b", "t0")
    assert "after=t/1" in page


def test_a_comparison_shows_what_differs_and_names_the_best(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = int(TrainingJobName.removeprefix("job-"))
        metric = {"MetricName": "validation:accuracy", "Value": 0.5 + number / 10000, "Timestamp": NOW}
        parameters = {"epochs": "3", "learning_rate": str(number / 1000)}
        return described(TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric])

    def names(NextToken: str = "0", MaxResults: int = 100, **_: Any) -> dict[str, Any]:  # noqa: N803
        start = int(NextToken)
        jobs = [
            {"TrainingJobName": f"job-{n}", "TrainingJobStatus": "Completed", "CreationTime": NOW} for n in range(1000)
        ]
        return {"TrainingJobSummaries": jobs[start : start + MaxResults], "NextToken": str(start + MaxResults)}

    console = open_console({"sagemaker.list_training_jobs": names, "sagemaker.describe_training_job": describe})
    with console.stream("/training-jobs/compare") as events:
        block = next(events)["live_comparison"]
        while "<b>1,000</b> jobs" not in block:
            block = next(events).get("live_comparison", block)
    assert "job-999</a>" in block
    assert "0.5999" in block
    assert ">learning_rate</a>" in block
    assert ">epochs</a>" not in block


def test_a_job_that_was_created_again_under_its_name_is_compared_anew() -> None:
    def compared_epochs(compared: ComparedJobs, minutes: int, epochs: str) -> tuple[str, int]:
        created = NOW + timedelta(minutes=minutes)
        summary = {"TrainingJobName": "bikes", "TrainingJobStatus": "Completed", "CreationTime": created}
        job = described(CreationTime=created, HyperParameters={"epochs": epochs})
        session = Session(
            {
                "sagemaker.list_training_jobs": {"TrainingJobSummaries": [summary]},
                "sagemaker.describe_training_job": job,
            }
        )
        aws = Aws(session)
        try:
            (row,) = asyncio.run(compared.compare(aws, 0.4)).jobs
        finally:
            aws.close()
        return row.hyperparameters["epochs"], len(session.asked("sagemaker.describe_training_job"))

    jobs = ComparedJobs()
    assert compared_epochs(jobs, 0, "3") == ("3", 1)
    assert compared_epochs(jobs, 0, "3") == ("3", 0)
    assert compared_epochs(jobs, 1, "9") == ("9", 1)


def test_a_job_that_was_created_again_under_its_name_has_only_its_own_lines(open_console: Open) -> None:
    lines = log("Validation-accuracy=0.11", "Validation-accuracy=0.77")  # a millisecond apart
    console = open_console(lines | {"sagemaker.describe_training_job": described()})
    assert "Validation-accuracy=0.11" in console.get("/training-jobs/bikes").text
    again = described(CreationTime=NOW + timedelta(milliseconds=1, microseconds=500), HyperParameters={"again": "yes"})
    console.session.answers["sagemaker.describe_training_job"] = again
    console.post("/training-jobs/bikes/delete", "confirmed=yes")  # what was kept of the first one is forgotten
    page = console.get("/training-jobs/bikes").text
    assert "<th>again</th>" in page
    assert "Validation-accuracy=0.11" not in page
    assert "Validation-accuracy=0.77" in page


def test_a_job_is_compared_with_the_one_before_the_newest_and_the_one_in_service(open_console: Open) -> None:
    def listed(CreationTimeBefore: Any = None, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        named = {"older": NOW - timedelta(hours=1)} if CreationTimeBefore else {"newest": NOW + timedelta(hours=1)}
        rows = [{"TrainingJobName": n, "TrainingJobStatus": "Completed", "CreationTime": t} for n, t in named.items()]
        return {"TrainingJobSummaries": rows}

    outputs = [{"OutputKey": key, "OutputValue": "x"} for key in ("StateMachineArn", "ReviewQueueUrl", "Bucket")]
    parameters = [{"ParameterKey": "EndpointName", "ParameterValue": "bikes"}]
    stack = {"StackName": "s", "Outputs": outputs, "Parameters": parameters}
    answers = {
        **endpoint_answers({}),
        **log(*LOG),
        "cloudformation.describe_stacks": {"Stacks": [stack]},
        "sagemaker.list_training_jobs": listed,
        "sagemaker.describe_training_job": described(),
    }
    page = open_console(answers).get("/training-jobs/bikes").text.replace("&amp;", "&")
    for name, what in (("older", "the job before it"), ("newest", "the newest job"), ("bikes-1", "in service")):
        assert re.search(rf'compare\?name=bikes&name={name}" title="{name}">[^<]*{what}</a> \({name}\)', page), name


def test_a_job_in_service_is_compared_with_the_one_whose_model_it_replaced(open_console: Open) -> None:
    answers = served_in_turn("bikes-run-3c", "bikes-2-run-ff", "bikes-run-2b", "bikes-run-1a")
    page = open_console(answers).get("/training-jobs/bikes-run-3c").text.replace("&amp;", "&")
    assert (
        'name=bikes-run-2b" title="bikes-run-2b">the job whose model it replaced in service</a> (bikes-run-2b)' in page
    )
    first = open_console(answers).get("/training-jobs/bikes-run-1a").text
    assert "it replaced" not in first
    assert "the job whose model is in service</a> (bikes-run-3c)" in first


def served_in_turn(*names: str) -> dict[str, Any]:
    """Return the answers of an account with configurations, models and jobs of these names, the newest first."""

    def config(EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": EndpointConfigName}]}

    def model(ModelName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return {"PrimaryContainer": {"ModelDataUrl": f"s3://images/models/{ModelName}/output/model.tar.gz"}}

    endpoint = endpoint_answers({})
    endpoint["sagemaker.describe_endpoint"] |= {"EndpointConfigName": names[0]}
    return {
        **endpoint,
        **log(*LOG),
        "cloudformation.describe_stacks": {"Stacks": [STACK]},
        "sagemaker.describe_training_job": lambda TrainingJobName: described(TrainingJobName),  # noqa: N803
        "sagemaker.list_endpoint_configs": {"EndpointConfigs": [{"EndpointConfigName": name} for name in names]},
        "sagemaker.describe_endpoint_config": config,
        "sagemaker.describe_model": model,
    }


def test_a_job_without_metrics_begins_with_its_data(open_console: Open) -> None:
    failed = described(status="Failed", FinalMetricDataList=[], FailureReason="no such optimizer")
    page = open_console({"sagemaker.describe_training_job": failed, **log("starting")}).get("/training-jobs/bikes").text
    left = page[page.index('<div class="columns">') : page.index("<h2>Hyperparameters")]
    assert re.findall("<h2>(.*?)</h2>", left) == ["Data and model"]


def test_a_failed_job_is_compared_with_nothing(open_console: Open) -> None:
    console = open_console({"sagemaker.describe_training_job": described(status="Failed"), **log(*LOG)})
    assert "Is it better?" not in console.get("/training-jobs/bikes").text


def test_each_time_of_a_job_says_from_when_to_when_it_is(open_console: Open) -> None:
    """One job had two durations: 65 s in the list and 60 s on its own page, both without a word."""
    times = {"CreationTime": NOW, "TrainingEndTime": NOW + timedelta(seconds=65)}
    row = {"TrainingJobName": "bikes", "TrainingJobStatus": "Completed", **times}
    answers = {**nothing(), "sagemaker.list_training_jobs": {"TrainingJobSummaries": [row, row]}}
    console = open_console(
        {**answers, "sagemaker.describe_training_job": lambda **asked: described(asked["TrainingJobName"])}
    )
    told = figures.duration(65)
    page = console.get("/training-jobs").text
    assert "Took<br><small>from creation to end</small>" in page
    assert f'<td class="number wide-only">{told}</td>' in page
    page = console.get("/training-jobs/bikes").text
    assert f"Training time</dt><dd>{figures.duration(60)}<small>{told} from creation to end</small>" in page
    assert "Took<br><small>jobs: from creation</small>" in console.get("/").text
    page = console.get("/training-jobs/compare?name=bikes&name=cars&name=trucks").text
    assert "<th>training time</th>" in page
    assert "<option selected>training time</option>" in page
    assert ">duration<" not in page
