"""Random requests: each is answered, an invalid one is refused, and none fails in the server."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import aiohttp
import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from sagemaker_emulator.operations import OPERATIONS
from sagemaker_emulator.wire.patterns import matches

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
COUNT = int(os.environ.get("RANDOM_REQUESTS", "1000"))
SEED = int(os.environ.get("RANDOM_SEED", "20240229"))
CLIENTS = 16
HANG_S = 120
ERRORS = {
    "ConflictException",
    "InvalidNextTokenException",
    "ObjectNotFoundException",
    "ResourceInUse",
    "ResourceLimitExceeded",
    "ResourceNotFound",
    "SerializationException",
    "ValidationException",
}
DEPTH_MAX = 6
LONG = 100_000
OPTIONAL = 0.2  # of optional members are given
USUAL = frozenset({"PipelineDefinition"})  # optional members without which hardly a request is taken
DEFINITION = json.dumps({"Version": "2020-12-01", "Steps": []})
NAMES = [f"name-{number}" for number in range(12)]
KINDS = (
    "model",
    "endpoint",
    "monitoring-schedule",
    "data-quality-job-definition",
    "endpoint-config",
    "training-job",
    "model-package",
    "model-package-group",
    "experiment",
    "experiment-trial-component",
    "artifact",
    "context",
    "action",
)
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
NOT_EMULATED_IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/someone-elses:1"
SAMPLES = [
    "value",
    "s3://contract/input/",
    "s3://contract/random",
    "https://example.org/a/b",
    "arn:aws:iam::000000000000:role/sagemaker",
    "arn:aws:sns:us-east-1:000000000000:topic",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "arn:aws:kms:us-east-1:000000000000:key/k",
    "arn:aws:sagemaker:us-east-1:aws:hub-content/public/DataSet/set/1.2.3",
    "arn:aws:sagemaker:us-east-1:aws:hub-content/public/Model/model/1.2.3",
    *(f"{ARN}:{kind}/{name}" for kind in KINDS for name in NAMES[:2]),
    f"{ARN}:training-plan/plan",
    f"{ARN}:mlflow-tracking-server/server",
    f"{ARN}:model-package/name-1/1",
    f"{ARN}:pipeline/name-1",
    f"{ARN}:pipeline/name-1/execution/abcdefghijkl",
    "callback10",
    "sha256:" + "0a" * 32,
    "mig-1g.5gb",
    "1.2.3",
    "10K",
    "-PT1H",
    "cron(0 * ? * * *)",
    "NOW",
    "123456789012",
    "sg-12345678",
    "subnet-12345678",
    "fs-12345678",
    "fsap-12345678",
    "/opt/ml/somewhere",
    "ml.m5.large",
    "application/json",
    "text/plain; charset=utf-8",
    "group/name",
    NOT_EMULATED_IMAGE,
    "ÄÖÜ 日本 🙂",
    "\x1b[31mescape\x1b[0m",
    "half a pair \ud800",
    "../../../etc/passwd",
    "a" * 20,
    "a" * 100,
    "1",
    "0.5",
    "2026-01-01T00:00:00Z",
]
WRONG = ["", " ", "!?*", "_", "-x-", "\n", "a b", "ä/ö", "\x00", "arn:aws:nothing", "not a uri", "..", "/.."]


@dataclass(frozen=True)
class Wanted:
    """One request to send. `error` is the type of AWS's error, or None if its model allows the request."""

    operation: str
    input: dict[str, Any]
    change: str
    error: str | None


TARGETS = {"sagemaker": "SageMaker", "application-autoscaling": "AnyScaleFrontendService"}


def service_of(operation: str) -> str:
    return next(name for name in TARGETS if operation in service(name).operation_names)


@cache
def service(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), service_name=name)


class Generator:
    """A generator of requests; the same seed gives the same requests."""

    def __init__(self, seed: int, image: str) -> None:
        self.random, self._image = random.Random(seed), image

    def requests(self, operations: list[str], count: int) -> Iterator[Wanted]:
        for number in range(count):
            name = operations[number % len(operations)]
            operation = service(service_of(name)).operation_model(name)
            yield self._invalid(operation) if self.random.random() < 0.5 else self._valid(operation)

    def _valid(self, operation: OperationModel) -> Wanted:
        return Wanted(operation.name, self._of(operation), "", None)

    def _of(self, operation: OperationModel) -> dict[str, Any]:
        shape = operation.input_shape
        return self.structure(shape, 0) if shape else {}

    def _invalid(self, operation: OperationModel) -> Wanted:
        for _ in range(20):
            request = self._of(operation)
            changes = list(_changes(operation.input_shape, request, "", ()))
            if changes:
                name, error, change = self.random.choice(changes)
                changed = copy.deepcopy(request)
                change(changed)
                return Wanted(operation.name, changed, name, error)
        return self._valid(operation)

    def value(self, shape: Shape, depth: int) -> Any:
        match shape.type_name:
            case "structure":
                return self.structure(shape, depth + 1)
            case "list":
                return [self.value(shape.member, depth + 1) for _ in range(self._count(shape))]
            case "map":
                keys = {self.value(shape.key, depth) for _ in range(self._count(shape))}
                return {key: self.value(shape.value, depth + 1) for key in sorted(keys)}
            case "string":
                return self.text(shape)
            case "boolean":
                return self.random.random() < 0.5
            case "timestamp":
                return self.random.uniform(0, 2_000_000_000)
            case "blob":
                return "aGVsbG8="
        return self._number(shape)

    def structure(self, shape: Any, depth: int) -> dict[str, Any]:
        if shape.metadata.get("union"):
            name = self.random.choice(list(shape.members))
            return {name: self.value(shape.members[name], depth)}
        chance = OPTIONAL if depth < DEPTH_MAX else 0
        return {
            name: self.value(member, depth)
            for name, member in shape.members.items()
            if name in shape.required_members or self.random.random() < (0.9 if name in USUAL else chance)
        }

    def text(self, shape: Any) -> str:
        if getattr(shape, "enum", None):
            return str(self.random.choice(shape.enum))
        if shape.name in ("ContainerImage", "AlgorithmImage", "ImageUri"):
            return self.random.choice([self._image, NOT_EMULATED_IMAGE, NOT_EMULATED_IMAGE])
        if shape.name == "PipelineDefinition" and self.random.random() < 0.8:
            return DEFINITION
        minimum, maximum = shape.metadata.get("min", 0), shape.metadata.get("max", 10_000)
        pattern = shape.metadata.get("pattern")
        choices = _samples(pattern, minimum, maximum)
        if not choices:
            raise AssertionError(f"no sample for {shape.name}: {pattern} from {minimum} to {maximum}; add one")
        names = NAMES[0] in choices and self.random.random() < 0.7
        return self.random.choice(NAMES if names else choices)

    def _number(self, shape: Shape) -> float:
        minimum, maximum = shape.metadata.get("min", 0), shape.metadata.get("max", (1 << 31) - 1)
        step = self.random.choice([0, 0, 1, 2])
        number = min(minimum + step, maximum) if self.random.random() < 0.9 else maximum
        return int(number) if shape.type_name in ("integer", "long") else float(number)

    def _count(self, shape: Shape) -> int:
        minimum, maximum = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 1 << 31))
        return min(maximum, minimum + self.random.choice([0, 1, 1, 2]))


@cache
def _samples(pattern: str | None, minimum: int, maximum: int) -> tuple[str, ...]:
    fitting = [text for text in (*NAMES, *SAMPLES) if minimum <= len(text) <= maximum]
    return tuple(text for text in fitting if pattern is None or matches(pattern, text))


Change = tuple[str, str, Callable[[Any], None]]


def _changes(shape: Any, value: Any, path: str, reach: tuple[Any, ...]) -> Iterator[Change]:
    """Yield every single change that makes a valid value invalid, with the type of AWS's error for it."""
    if reach:
        yield (f"{path}: wrong type", "SerializationException", _put(reach, _of_wrong_type(shape)))
        for what, wrong in _violations(shape, value):
            yield (f"{path}: {what}", "ValidationException", _put(reach, wrong))
    if shape.type_name == "structure":
        for name in [name for name in shape.required_members if name in value]:
            yield (f"{path}.{name}: missing", "ValidationException", _drop((*reach, name)))
    for name, member, part in _parts(shape, value):
        yield from _changes(member, part, f"{path}.{name}", (*reach, name))


def _parts(shape: Any, value: Any) -> list[tuple[Any, Any, Any]]:
    match shape.type_name:
        case "structure":
            return [(name, shape.members[name], part) for name, part in value.items()]
        case "list":
            return [(number, shape.member, part) for number, part in enumerate(value)]
        case "map":
            return [(name, shape.value, part) for name, part in value.items()]
    return []


def _violations(shape: Any, value: Any) -> Iterator[tuple[str, Any]]:
    if shape.type_name == "string":
        yield from _wrong_texts(shape, value)
    elif shape.type_name in ("integer", "long", "float", "double"):
        limits = {"min": ("too small", -1), "max": ("too large", 1)}
        yield from (
            (what, shape.metadata[name] + step) for name, (what, step) in limits.items() if name in shape.metadata
        )
    elif shape.type_name in ("list", "map"):
        yield from _wrong_counts(shape, value)


def _wrong_texts(shape: Any, value: str) -> Iterator[tuple[str, Any]]:
    if getattr(shape, "enum", None):
        yield "enum", "NotOfTheEnum"
        return
    yield "NUL", f"{value[:10]}\0"
    if shape.metadata.get("max", LONG) < LONG:
        yield "too long", "a" * (shape.metadata["max"] + 1)
    if shape.metadata.get("min"):
        yield "too short", ""
    pattern = shape.metadata.get("pattern")
    if wrong := [text for text in WRONG if pattern and not matches(pattern, text)]:
        yield "pattern", wrong[len(value) % len(wrong)]


def _wrong_counts(shape: Any, value: Any) -> Iterator[tuple[str, Any]]:
    if shape.metadata.get("min"):
        yield "too few", type(value)()
    if shape.type_name == "list" and value and shape.metadata.get("max", LONG) < 1000:
        yield "too many", [value[0]] * (shape.metadata["max"] + 1)


def _of_wrong_type(shape: Shape) -> Any:
    match shape.type_name:
        case "string" | "blob" | "timestamp":
            return {"an": "object"}
        case "structure" | "map":
            return ["a list"]
        case "list":
            return {"an": "object"}
    return "a string of " + string.ascii_letters


def _put(reach: tuple[Any, ...], wrong: Any) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        _holder(request, reach)[reach[-1]] = wrong

    return change


def _drop(reach: tuple[Any, ...]) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        del _holder(request, reach)[reach[-1]]

    return change


def _holder(request: Any, reach: tuple[Any, ...]) -> Any:
    for name in reach[:-1]:
        request = request[name]
    return request


async def _answered(url: str, requests: list[Wanted]) -> list[tuple[Wanted, int, dict[str, Any]]]:
    timeout, connector = aiohttp.ClientTimeout(total=HANG_S), aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        clients = asyncio.Semaphore(CLIENTS)

        async def one(wanted: Wanted) -> tuple[Wanted, int, dict[str, Any]]:
            target = f"{TARGETS[service_of(wanted.operation)]}.{wanted.operation}"
            headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
            async with clients, session.post(url, data=json.dumps(wanted.input), headers=headers) as answer:
                return wanted, answer.status, json.loads(await answer.read() or b"{}")

        return await asyncio.gather(*map(one, requests))


def _complaint(wanted: Wanted, status: int, body: dict[str, Any]) -> str | None:
    """Return what is wrong with an answer, or None. A valid request may be refused for a missing resource."""
    error = body.get("__type")
    right = error == wanted.error if wanted.error else status == 200 or error in ERRORS
    if status < 500 and right:
        return None
    return f"{wanted.operation} {wanted.change or 'valid'}: {status} {json.dumps(body)[:300]} for {wanted.input}"


def test_random_requests_are_answered_and_invalid_ones_refused(emulator: Any, s3: Any) -> None:
    s3.put_object(Bucket="contract", Key="input/one.txt", Body=b"one")
    requests = list(Generator(SEED, IMAGE).requests(sorted(OPERATIONS), COUNT))
    answers = asyncio.run(_answered(emulator.url, requests))
    complaints = list(filter(None, (_complaint(*answer) for answer in answers)))
    assert not complaints, f"{len(complaints)} of {COUNT}, seed {SEED}:\n" + "\n".join(complaints[:20])
    assert len(answers) == COUNT
    taken = Counter(wanted.operation for wanted, status, _ in answers if status == 200)
    if COUNT >= 1000 and len(taken) < len(OPERATIONS) / 4:
        pytest.fail(f"too few of the valid requests were taken to prove anything: {taken}")
