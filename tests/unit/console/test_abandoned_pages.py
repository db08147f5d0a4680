"""Pages that are left while they load, as when a tab is closed or the console ends."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.unit.console.doubles import NOW, Session, endpoint_answers, job, log, machine_answers, nothing

from console.aws.client import Aws, Result
from console.pages import View
from console.routes import VIEWS
from console.site import Site
from console.templates import environment

NAMES = {"name": "first", "machine": "decide", "group": "models", "number": "1", "id": "e1"}
ADDRESSES = {"/search": "/search?q=first"}
TURNS_MAX = 2000
OUTPUTS = ("StateMachineArn", "ReviewQueueUrl", "Bucket", "MonitorStateMachineArn")
TEMPLATES = environment(lambda name: name)


class AtOnce(Aws):
    """An AWS that answers at once, so that a page loads in the same turns of the event loop every time."""

    async def _run(self, function: Callable[[], Result]) -> Result:
        await asyncio.sleep(0)
        return function()


def site() -> Site:
    stack = {"StackName": "s", "Outputs": [{"OutputKey": key, "OutputValue": "decide"} for key in OUTPUTS]}
    answers = (
        nothing()
        | machine_answers()
        | endpoint_answers({})
        | log("line")
        | {
            "cloudformation.describe_stacks": {"Stacks": [stack]},
            "sagemaker.describe_training_job": job(),
            "sagemaker.list_training_jobs": {
                "TrainingJobSummaries": [
                    {
                        "TrainingJobName": "bikes",
                        "TrainingJobStatus": "Completed",
                        "CreationTime": NOW,
                        "TrainingEndTime": NOW,
                    }
                ]
            },
            "sqs.get_queue_attributes": {"Attributes": {}},
        }
    )
    return Site(AtOnce(Session(answers)), TEMPLATES)


async def left_after(turns: int, view: View) -> bool:
    """Load a page and leave it after so many turns of the event loop. Return whether it had been loaded by then."""
    request: web.Request = make_mocked_request("GET", ADDRESSES.get(view.path, view.path), match_info=NAMES)
    loading: asyncio.Future[Any] = asyncio.ensure_future(view.load(site(), request))
    for _ in range(turns):
        await asyncio.sleep(0)
    is_loaded = loading.done()
    loading.cancel()
    await asyncio.gather(loading, return_exceptions=True)
    return is_loaded


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_a_page_that_is_left_at_any_moment_leaves_no_coroutine_behind(view: View) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        turns = 0
        while turns < TURNS_MAX and not asyncio.run(left_after(turns, view)):
            turns += 1
        gc.collect()
    assert [str(each.message) for each in caught if "never awaited" in str(each.message)] == []
    assert turns < TURNS_MAX
