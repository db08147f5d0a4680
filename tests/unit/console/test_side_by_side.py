"""A few jobs side by side, and many in charts: what differs, which is better, and how it is drawn."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW
from tests.unit.console.doubles import job as described
from tests.unit.console.test_figures import rows_of, text_of


def jobs_of(*rates: str) -> dict[str, Any]:
    """Return the answers of an account with jobs a, b, ... of these learning rates; the last read other data."""

    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        number = "abcdefgh".index(TrainingJobName)
        metric = {"MetricName": "validation:accuracy", "Value": 0.5 + number / 8, "Timestamp": NOW}
        data = "s3://images/new/" if number == len(rates) - 1 else "s3://images/train/"
        channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": data}}}
        parameters = {"epochs": str(number + 2), "learning_rate": rates[number], "optimizer": "sgd"}
        return described(
            TrainingJobName, HyperParameters=parameters, FinalMetricDataList=[metric], InputDataConfig=[channel]
        )

    summaries = [
        {"TrainingJobName": "abcdefgh"[n], "TrainingJobStatus": "Completed", "CreationTime": NOW}
        for n in range(len(rates))
    ]
    return {
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": summaries},
        "sagemaker.describe_training_job": describe,
    }


def test_two_chosen_jobs_are_shown_by_what_differs_between_them(open_console: Open) -> None:
    page = open_console(jobs_of("0.1", "0.01", "0.001")).get("/training-jobs/compare?name=a&name=c").text
    rows = rows_of(page)
    assert rows["learning_rate"] == ["0.1", "0.001", "\N{MINUS SIGN}0.099"]
    assert rows["data: train"] == ["s3://images/train/", "s3://images/new/", ""]
    assert rows["validation:accuracy"] == ["0.5", "0.75", "+0.25"]
    assert list(rows).index("validation:accuracy") < list(rows).index("learning_rate")
    assert "new minus old" in page
    folded = page[page.index('<details id="same"') : page.index("</details>", page.index('<details id="same"'))]
    assert "<th>optimizer</th><td>sgd</td>" in folded


def test_the_older_of_two_jobs_is_named_old_whatever_their_order(open_console: Open) -> None:
    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        return described(TrainingJobName, CreationTime=NOW + timedelta(hours=TrainingJobName == "later"))

    console = open_console({"sagemaker.describe_training_job": describe})
    page = console.get("/training-jobs/compare?name=later&name=earlier").text
    assert re.search(r"old: <a[^>]*>earlier</a>.*new: <a[^>]*>later</a>", page, re.DOTALL)
    assert rows_of(page)["validation:accuracy"] == ["0.9375", "0.9375", "0"]
    assert "Both models are equally good : validation:accuracy 0.9375 (last value)." in text_of(page)
    assert "is better" not in page


def test_jobs_that_share_the_best_value_are_called_a_tie(open_console: Open) -> None:
    page = open_console({"sagemaker.describe_training_job": lambda TrainingJobName: described(TrainingJobName)}).get(  # noqa: N803
        "/training-jobs/compare?name=a&name=b&name=c"
    )
    assert "A tie: a , b , c have the same validation:accuracy, 0.9375 ." in text_of(page.text)
    assert "Best validation" not in page.text


def test_the_best_job_is_named_with_the_hyperparameters_that_made_it(open_console: Open) -> None:
    page = open_console(jobs_of("0.1", "0.01", "0.001")).get("/training-jobs/compare").text
    assert "Best validation:accuracy: 0.75 (last value), by c , with epochs 4 , learning_rate 0.001 ." in text_of(page)


def test_each_job_is_a_line_across_what_varies(open_console: Open) -> None:
    page = open_console(jobs_of("0.1", "0.01", "auto")).get("/training-jobs/compare").text
    assert "a\nepochs 2\nlearning_rate 0.1\nvalidation:accuracy 0.5</title>" in page
    assert "c\nepochs 4\nlearning_rate auto\nvalidation:accuracy 0.75</title>" in page


def test_jobs_are_chosen_in_the_list_and_compared(open_console: Open) -> None:
    page = open_console(jobs_of("0.1", "0.01")).get("/training-jobs").text
    assert re.findall(r'form="compare" name="name" value="(\w)"', page) == ["a", "b"]


IMAGE = "813361260812.dkr.ecr.eu-central-1.amazonaws.com/image-classification:1"


def classifiers(**parameters: dict[str, str]) -> dict[str, Any]:
    """Return the answers of an account with jobs of the image-classification algorithm by name."""

    def describe(TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        metric = {"MetricName": "validation:accuracy", "Value": 0.5 + len(TrainingJobName) / 100, "Timestamp": NOW}
        return described(
            TrainingJobName,
            AlgorithmSpecification={"TrainingImage": IMAGE},
            HyperParameters=parameters[TrainingJobName],
            FinalMetricDataList=[metric],
        )

    summaries = [
        {"TrainingJobName": name, "TrainingJobStatus": "Completed", "CreationTime": NOW} for name in parameters
    ]
    return {
        "sagemaker.list_training_jobs": {"TrainingJobSummaries": summaries},
        "sagemaker.describe_training_job": describe,
    }


def test_a_value_that_a_job_leaves_to_the_algorithm_is_its_default(open_console: Open) -> None:
    jobs = classifiers(a={"epochs": "3"}, bb={"epochs": "3", "mini_batch_size": "64", "learning_rate": "0.01"})
    page = open_console(jobs).get("/training-jobs/compare?name=a&name=bb").text
    rows = rows_of(page)
    assert rows["mini_batch_size"] == ["32 (default)", "64", "+32"]
    assert rows["learning_rate"] == ["not set", "0.01", ""]


def test_a_default_that_another_job_sets_is_no_difference(open_console: Open) -> None:
    page = open_console(classifiers(a={"epochs": "30"}, bb={})).get("/training-jobs/compare?name=a&name=bb").text
    assert rows_of(page)["epochs"] == ["30"]  # among the equal values
    assert "<tr><th>epochs</th><td>30</td></tr>" in page


def test_a_chart_of_many_jobs_has_defaults_and_says_what_is_not_set(open_console: Open) -> None:
    jobs = classifiers(
        a={"epochs": "3"}, bb={"mini_batch_size": "64"}, ccc={"learning_rate": "0.01"}, dddd={"learning_rate": "0.1"}
    )
    page = open_console(jobs).get("/training-jobs/compare").text
    assert page.count("a\nepochs 3\nlearning_rate not set\nmini_batch_size 32\nvalidation:accuracy 0.51</title>") == 2
    assert "bb\nepochs 30\nlearning_rate not set\nmini_batch_size 64\n" in page


def test_each_chart_of_a_comparison_has_a_narrow_form(open_console: Open) -> None:
    page = open_console(jobs_of("0.1", "0.01", "0.001")).get("/training-jobs/compare").text
    drawn = [re.findall(r'viewBox="0 0 (\d+) ', each) for each in page.split('class="drawings"')[1:]]
    assert drawn == [["1000", "358"], ["1000", "358"]]
