"""The changes that pages offer: stop, delete, start, redrive, approve, reject, review, upload."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import web

from console.aws import models, state_machines
from console.aws.review.corrections import change_answers, undo_answers
from console.aws.review.desk import HELD_MAX
from console.aws.review.pictures import kind_of
from console.changes import Change, Confirmation, Fields
from console.errors import BadRequest
from console.site import Site
from console.views.parameters import version_number
from console.views.review import require_workflow

PICTURE_MAX = 5 << 20
CLASSIFIED = ("image/png", "image/jpeg")
UPLOADS = "uploads"
STEM_MAX = 40
UNDO = "undo"
CLASS_DIGITS = 6
ORDER = "send"
VERDICTS = {"approve": "Approved", "reject": "Rejected"}


async def stop_job(site: Site, request: web.Request, _: Fields) -> str:
    name = request.match_info["name"]
    await site.aws.change("sagemaker", "stop_training_job", TrainingJobName=name)
    return f"/training-jobs/{name}"


async def delete_job(site: Site, request: web.Request, _: Fields) -> str:
    await site.aws.change("sagemaker", "delete_training_job", TrainingJobName=request.match_info["name"])
    return "/training-jobs"


async def delete_endpoint(site: Site, request: web.Request, _: Fields) -> str:
    await site.aws.change("sagemaker", "delete_endpoint", EndpointName=request.match_info["name"])
    return "/endpoints"


async def start_execution(site: Site, request: web.Request, fields: Fields) -> str:
    """Start an execution with the input of the form."""
    machine = await state_machines.machine_named(site.aws, request.match_info["name"])
    text = str(fields.get("input", "")).strip() or "{}"
    try:
        json.loads(text)
    except ValueError as error:
        raise BadRequest(f"the input is not JSON: {error}") from error
    answer = await site.aws.change("stepfunctions", "start_execution", stateMachineArn=machine.arn, input=text)
    if machine.type != "STANDARD":
        return f"/state-machines/{machine.name}"
    return f"/executions/{machine.name}/{answer['executionArn'].rpartition(':')[2]}"


async def stop_execution(site: Site, request: web.Request, _: Fields) -> str:
    return await _of_execution(site, request, "stop_execution")


async def redrive_execution(site: Site, request: web.Request, _: Fields) -> str:
    return await _of_execution(site, request, "redrive_execution")


async def _of_execution(site: Site, request: web.Request, operation: str) -> str:
    machine, name = request.match_info["machine"], request.match_info["name"]
    arn = await state_machines.execution_arn(site.aws, machine, name)
    await site.aws.change("stepfunctions", operation, executionArn=arn)
    return f"/executions/{machine}/{name}"


async def judge_model(site: Site, request: web.Request, _: Fields) -> str:
    """Approve or reject a version of the registry."""
    group, number = request.match_info["name"], version_number(request.match_info["number"])
    package = await models.package(site.aws, group, number)
    await site.aws.change(
        "sagemaker",
        "update_model_package",
        ModelPackageArn=package.version.arn,
        ModelApprovalStatus=VERDICTS[request.match_info["verdict"]],
        ApprovalDescription="decided in the console",
    )
    return f"/models/{group}/{number}"


async def review(site: Site, _: web.Request, fields: Fields) -> str:
    """Write a person's answer about an image as ground truth, or put the image back for others.

    `decision` is the message's id, a colon, and the number of a class or `back`. The answer is also that of all other
    messages held here about the same image.
    """
    workflow = await require_workflow(site)
    message, _sep, label = str(fields.get("decision", "")).rpartition(":")
    sends_order = "order" in fields
    if label == "back":
        await site.desk.put_back(site.aws, workflow, message)
        return f"/review?order={ORDER}" if sends_order else "/review"
    number = class_number(label)
    version = str(fields.get(f"version-{message}", ""))
    keys = await site.desk.answer(site.aws, workflow, message, number, version, sends_order)
    done = "/review?" + "&".join(f"done={quote(key)}" for key in keys)
    if not sends_order or not workflow.has_bays:
        return done
    return f"{done}&order={ORDER}&bay={quote(workflow.bay_of(workflow.classes[number]).name)}"


async def correct(site: Site, _: web.Request, fields: Fields) -> str:
    """Change answers, or undo them. `decision` is the number of a class or `undo`; `keys` is a JSON list of records.

    One answer about an image may have become several records: it is changed or undone in all of them.
    """
    workflow = await require_workflow(site)
    named, decision = answered_keys(str(fields.get("keys", ""))), str(fields.get("decision", ""))
    if decision == UNDO:
        undone = await undo_answers(site.aws, workflow, site.desk.log, named)
        return f"/review?undone={len(undone)}" + "".join(f"&execution={quote(name)}" for name in undone[:HELD_MAX])
    keys = await change_answers(site.aws, workflow, site.desk.log, named, class_number(decision))
    return "/review?" + "&".join(f"done={quote(key)}" for key in keys[:HELD_MAX])


def class_number(text: str) -> int:
    if not text.isdecimal() or len(text) > CLASS_DIGITS:
        raise BadRequest(f"{text[:20]!r} is not the number of a class")
    return int(text)


def answered_keys(text: str) -> list[str]:
    """Return the keys in a JSON list. Raises BadRequest unless it has one to as many as the desk holds."""
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the answers to correct are not a JSON list: {error}") from error
    if not isinstance(keys, list) or not 0 < len(keys) <= HELD_MAX or not all(isinstance(key, str) for key in keys):
        raise BadRequest(f"one to {HELD_MAX} answers can be corrected at once, by the keys of their records")
    return list(dict.fromkeys(keys))


async def discard(site: Site, request: web.Request, _: Fields) -> str:
    """Delete a message of the review queue without an answer."""
    await site.desk.discard(site.aws, await require_workflow(site), request.match_info["message"])
    return "/review"


async def upload(site: Site, _: web.Request, fields: Fields) -> str:
    """Put the picture into the bucket, start the workflow on it, and show the execution."""
    picture = fields.get("picture")
    if not isinstance(picture, web.FileField):
        raise BadRequest("Choose a picture first: a PNG or a JPEG.", "No file was sent")
    body = picture.file.read(PICTURE_MAX + 1)
    kind = kind_to_classify(picture.filename, body)
    workflow = await require_workflow(site)
    name = f"{stem_of(picture.filename)}-{datetime.now(UTC):%H%M%S}-{uuid.uuid4().hex[:6]}"
    key = f"{UPLOADS}/{name}.{kind.removeprefix('image/')}"
    await site.aws.change("s3", "put_object", Bucket=workflow.bucket, Key=key, Body=body, ContentType=kind)
    event = {"image_data": "", "s3_bucket": workflow.bucket, "s3_key": key, "inferences": []}
    machine = workflow.state_machine
    await site.aws.change(
        "stepfunctions", "start_execution", stateMachineArn=machine, name=name, input=json.dumps(event)
    )
    return f"/executions/{workflow.machine_name}/{name}"


def kind_to_classify(filename: str, body: bytes) -> str:
    """Return the media type of a picture, of which one byte more than PICTURE_MAX was read. Raises BadRequest."""
    kind = kind_of(body)
    if kind in CLASSIFIED and len(body) <= PICTURE_MAX:
        return kind
    if len(body) > PICTURE_MAX:
        problem = f"is larger than {PICTURE_MAX >> 20} MB"
    elif not body:
        problem = "is empty"
    else:
        problem = f"is {kind or 'not a picture'} ({len(body):,} bytes, which begin with {body[:8].decode('latin-1')!r})"
    raise BadRequest(f"{filename} {problem}. Choose a PNG or a JPEG.", "This file cannot be classified")


def stem_of(filename: str) -> str:
    """Return the file's name without its ending, with characters that executions and keys may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", PurePosixPath(filename).stem)[:STEM_MAX].strip("-") or "picture"


CHANGES = (
    Change(
        "/training-jobs/{name}/stop",
        ("sagemaker",),
        stop_job,
        Confirmation(
            "Stop the training job {name}?",
            "The job gets two minutes to save its model. It cannot be continued.",
            "Stop it",
        ),
    ),
    Change(
        "/training-jobs/{name}/delete",
        ("sagemaker",),
        delete_job,
        Confirmation(
            "Delete the training job {name}?", "Its record is removed. Its log and its model in S3 stay.", "Delete it"
        ),
    ),
    Change(
        "/endpoints/{name}/delete",
        ("sagemaker",),
        delete_endpoint,
        Confirmation(
            "Delete the endpoint {name}?",
            "It stops answering at once. Its configuration, its models and what it captured stay.",
            "Delete it",
        ),
    ),
    Change("/state-machines/{name}/start", ("stepfunctions",), start_execution),
    Change(
        "/executions/{machine}/{name}/stop",
        ("stepfunctions",),
        stop_execution,
        Confirmation("Stop the execution {name}?", "What its tasks have done already stays done.", "Stop it"),
    ),
    Change(
        "/executions/{machine}/{name}/redrive",
        ("stepfunctions",),
        redrive_execution,
        Confirmation(
            "Redrive the execution {name}?",
            "It continues from the state that failed, with the same input.",
            "Redrive it",
        ),
    ),
    Change("/models/{name}/{number:[0-9]+}/{verdict:approve|reject}", ("sagemaker",), judge_model),
    Change("/review", ("sqs", "s3"), review, form="/review"),
    Change("/review/answers", ("sqs", "s3"), correct, form="/review"),
    Change(
        "/review/{message}/discard",
        ("sqs",),
        discard,
        Confirmation(
            "Discard this message?",
            "It is deleted from the queue without an answer, and no ground truth is written. The execution stays.",
            "Discard it",
        ),
        form="/review",
    ),
    Change("/upload", ("s3", "stepfunctions"), upload, form="/upload"),
)
