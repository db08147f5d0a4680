"""Journeys through the console: follow a job, upload a picture and watch it, review an image, find a failure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import DEADLINE_MS, Shown

pytestmark = pytest.mark.slow
# a timer of the page runs when a test says so
HOLD_TIMERS = "window.held = []; window.setTimeout = (run) => held.push(run)"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(DEADLINE_MS)
    yield page
    page.close()


def last_job(shown: Shown) -> dict[str, Any]:
    sagemaker = shown.client("sagemaker")
    (summary,) = sagemaker.list_training_jobs(MaxResults=1)["TrainingJobSummaries"]
    job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])
    return job


def outputs_of(shown: Shown) -> dict[str, str]:
    stack = shown.client("cloudformation").describe_stacks()["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_the_figures_of_a_job_are_those_of_the_api(shown: Shown, page: Page) -> None:
    job = last_job(shown)
    page.goto(f"{shown.url}/training-jobs/{job['TrainingJobName']}")
    for metric in job["FinalMetricDataList"]:
        figure = page.locator(f".figure:has(dt:text-is('{metric['MetricName']}')) dd")
        value = f"{metric['Value']:.4g}"
        shown_text = figure.inner_text().replace("\n", "")  # the words may be on a line of their own
        # the metric by which the kept epoch was chosen has that epoch's value first; the last epoch may be that one
        is_first = shown_text.startswith((f"{value}last value", f"{value}epoch "))
        assert is_first or f"last {value} at epoch " in shown_text


def test_a_running_job_is_followed_to_completed_without_a_reload(shown: Shown, page: Page) -> None:
    job = last_job(shown)
    names = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig")
    request = {name: job[name] for name in (*names, "StoppingCondition", "HyperParameters")}
    shown.client("sagemaker").create_training_job(TrainingJobName="followed", **request)
    page.goto(f"{shown.url}/training-jobs/followed")
    expect(page.locator("h1 .status")).to_have_text("InProgress")
    page.evaluate("window.isSamePage = true")
    expect(page.locator("h1 .status")).to_have_text("Completed", timeout=DEADLINE_MS)
    expect(page.locator(".charts svg")).not_to_have_count(0)
    assert page.evaluate("window.isSamePage")


def test_a_deletion_asks_first_and_enter_cancels_it(shown: Shown, page: Page) -> None:
    address = f"{shown.url}/training-jobs/{last_job(shown)['TrainingJobName']}"
    page.goto(address)
    page.click("text=Delete")
    question = page.get_by_role("dialog", name=f"Delete the training job {address.rpartition('/')[2]}?")
    expect(question).to_be_visible()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    assert last_job(shown)["TrainingJobStatus"] == "Completed"


def test_an_uploaded_picture_is_watched_to_its_end(shown: Shown, page: Page) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(picture, "PNG")
    page.goto(f"{shown.url}/upload")
    page.set_input_files(
        "input[type=file]", {"name": "teal.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.click("text=Classify it")
    page.wait_for_url("**/executions/**")
    expect(page.locator("h1 .status")).not_to_have_text("RUNNING")
    expect(page.locator(".machine .is-visited")).not_to_have_count(0)
    expect(page.locator(".verdict")).to_contain_text("the threshold 0.93: ")
    assert page.locator("img.subject").evaluate("image => image.naturalWidth") == 32


def test_a_review_becomes_ground_truth(shown: Shown, page: Page) -> None:
    named = outputs_of(shown)
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(picture, "PNG")
    shown.client("s3").put_object(Bucket=named["Bucket"], Key="reviewed.png", Body=picture.getvalue())
    place = {"s3_bucket": named["Bucket"], "s3_key": "reviewed.png"}
    body = {"class": "bicycle", "confidence": 0.01, **place, "execution": "reviewed"}
    shown.client("sqs").send_message(QueueUrl=named["ReviewQueueUrl"], MessageBody=json.dumps(body))
    page.add_init_script(HOLD_TIMERS)
    page.goto(f"{shown.url}/review")
    before = page.locator(".reviews li").count()
    assert before > 0
    answered = page.locator(".reviews code").first.inner_text()
    page.keyboard.press("2")  # nobody can have seen the image yet
    expect(page.locator("[data-press='2']")).to_be_disabled()
    page.evaluate("held.forEach(each => each())")
    expect(page.locator("[data-press='2']")).to_be_enabled()
    assert page.url == f"{shown.url}/review"
    page.keyboard.press("2")
    expect(page.locator(".reviews li")).to_have_count(before - 1)
    listed = shown.client("s3").list_objects_v2(Bucket=named["Bucket"], Prefix="ground_truth/")
    assert [each["Key"] for each in listed["Contents"]] == [page.locator(".notice code").first.inner_text()]
    assert '"data": "1"' in page.locator(".notice code").last.inner_text()
    past = page.locator("h2:text-is('Past answers') + table tbody tr")
    expect(past).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(".notice[role=status]")).to_contain_text("Undone")
    expect(page.locator(".reviews code").first).to_have_text(answered)
    expect(past).to_have_count(0)
    assert "Contents" not in shown.client("s3").list_objects_v2(Bucket=named["Bucket"], Prefix="ground_truth/")
    logged = shown.client("s3").list_objects_v2(Bucket=named["Bucket"], Prefix="review_answers/")
    assert len(logged["Contents"]) == 2


def test_a_damaged_image_cannot_be_answered(shown: Shown, page: Page) -> None:
    named = outputs_of(shown)
    shown.client("s3").put_object(Bucket=named["Bucket"], Key="cut.png", Body=b"\x89PNG\r\n\x1a\ncut off")
    place = {"s3_bucket": named["Bucket"], "s3_key": "cut.png", "execution": "cut"}
    body = json.dumps({"class": "bicycle", "confidence": 0.0, **place})
    shown.client("sqs").send_message(QueueUrl=named["ReviewQueueUrl"], MessageBody=body)
    page.goto(f"{shown.url}/review?execution=cut")
    item = page.locator(".reviews li.is-wanted")
    expect(item.locator(".no-answer")).to_contain_text("Your browser cannot show this file")
    expect(item.locator("[data-answer]:enabled")).to_have_count(0)
    item.locator("text=Discard").click()
    page.click("text=Discard it")
    expect(page.locator(".reviews code", has_text="cut.png")).to_have_count(0)


def test_the_least_certain_image_is_two_clicks_away(shown: Shown, page: Page) -> None:
    page.goto(shown.url)
    page.click("main a[href^='/endpoints/']")
    page.select_option("select[name=order]", "least")
    page.click("text=Filter")
    confidences = [float(text) for text in page.locator(".gallery b").all_inner_texts()]
    assert confidences == sorted(confidences)
