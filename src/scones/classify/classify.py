"""The command `scones classify`: test images, or the objects with given keys, through the state machine."""

import secrets

from scones.classify import executions
from scones.classify.executions import Executor
from scones.classify.images import Image, choose, labels_of_test_images
from scones.classify.run_record import Run
from scones.console import keeps_running
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import MissingError
from scones.stack.outputs import require_workflow


def classify(context: Context, keys: tuple[str, ...] = ()) -> Run:
    """Classify the objects with these keys, or as many test images as the settings say."""
    workflow = require_workflow(context)
    endpoint.require_in_service(context, workflow.endpoint)
    images = [Image(key, None) for key in keys] or chosen_images(context)
    executor = Executor(context.client("stepfunctions"), workflow.state_machine, context.data_bucket.name)
    run_id = secrets.token_hex(4)
    with keeps_running(f"executions of {workflow.state_machine} that had started"):
        ended = executor.run_all(images, run_id, context.settings.concurrency, context.console)
    context.console.done(executions.tally(ended))
    return Run(run_id, workflow.endpoint, workflow.threshold, tuple(ended))


def chosen_images(context: Context) -> list[Image]:
    bucket, count = context.data_bucket, context.settings.images
    images = choose(labels_of_test_images(bucket), count)
    if not images:
        raise MissingError(
            f"no image of test.lst is under {bucket.uri('test/')}: run `scones stage` to put them there again"
        )
    if len(images) < count:
        context.console.say(f"There are only {len(images)} test images: all of them are classified")
    return images
