"""One asynchronous invocation, from its input in S3 to its output in S3 and the notification."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients, S3Location, is_callers_fault
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.async_results import MESSAGE_MAX_BYTES, Result, message
from sagemaker_emulator.invocation.container_requests import DEFAULT_CONTENT_TYPE, ContainerFailed, Containers, Exchange
from sagemaker_emulator.invocation.invoke_endpoint import us_since
from sagemaker_emulator.invocation.metrics import InvocationMetrics
from sagemaker_emulator.resources.async_invocation import AsyncInvocation
from sagemaker_emulator.resources.endpoint_config import AsyncInference
from sagemaker_emulator.wire import AwsError

RETRY_S = 0.5
RETRY_MAX_S = 30.0
EXPIRED = "ClientError: The request was in the queue for longer than {ttl:g} seconds and has expired."
FROM_MODEL = (
    "ClientError: Received {side} error ({status}) from model. See the SageMaker Endpoint logs in your account for "
    "more information."
)

InThread = Callable[..., Awaitable[Any]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AsyncWork:
    """What every asynchronous invocation needs. Payloads go through files: they may be a gigabyte."""

    endpoints: Endpoints
    containers: Containers
    aws: AwsClients
    metrics: InvocationMetrics
    region: str

    async def do(self, invocation: AsyncInvocation, directory: Path, in_thread: InThread) -> None:
        """Returns when the outcome is in S3 and told to SNS. An S3 that is away is waited for."""
        directory.mkdir(parents=True, exist_ok=True)
        config = await self._config(invocation)
        try:
            result = await self._result(invocation, directory, in_thread)
        except AWS_ERRORS as error:
            result = Result(f"ClientError: {error}")
        if topic := result.topic(config):
            await in_thread(self._notify, topic, message(invocation, result, config, self.region))

    async def _config(self, invocation: AsyncInvocation) -> AsyncInference:
        revision = self.endpoints.get(invocation.endpoint_name).revision
        return revision.config.async_inference or AsyncInference.from_request(
            {"OutputConfig": {"S3OutputPath": invocation.output_uri}}
        )

    async def _result(self, invocation: AsyncInvocation, directory: Path, in_thread: InThread) -> Result:
        output = directory / "output"
        if invocation.expires < time.time():
            reason = EXPIRED.format(ttl=invocation.expires - invocation.created)
            failed = Result(reason)
            output.write_text(reason)
        else:
            if invocation.input_uri:
                source = S3Location.parse(invocation.input_uri)
                download = self.aws.s3.download_file
                await _insist(in_thread, download, source.bucket, source.key, str(directory / "input"))
            failed = await self._infer(invocation, directory / "input", output)
        location = invocation.failure_uri if failed.failure_reason else invocation.output_uri
        if location:
            await _insist(in_thread, self._upload, output, location, failed.content_type)
        return Result(failed.failure_reason, failed.content_type, location, _head(output))

    async def _infer(self, invocation: AsyncInvocation, source: Path, output: Path) -> Result:
        """Ask the container; its answer, or what it said instead, is in `output`."""
        started = time.perf_counter_ns()
        try:
            with source.open("rb") as body:
                async with await self._asked(invocation, body) as exchange:
                    variant, status, content_type = exchange.variant, exchange.status, exchange.content_type
                    await _save(exchange, output)
        except ContainerFailed as failure:
            variant, status, content_type = failure.variant, 0, None
            output.write_text(str(failure))
        self.metrics.record(invocation.endpoint_name, variant.name, status, us_since(started), 0)
        if 200 <= status < 300:
            return Result(None, content_type)
        if status:
            side = "client" if status < 500 else "server"
            return Result(FROM_MODEL.format(side=side, status=status), content_type)
        return Result(f"ClientError: {output.read_text()}", content_type)

    async def _asked(self, invocation: AsyncInvocation, body: BinaryIO) -> Exchange:
        """Waits for an instance when the last one has just gone."""
        request = {**invocation.request, "InferenceId": invocation.inference_id}
        while True:
            try:
                deployment = self.endpoints.deployment(invocation.endpoint_name)
                return await self.containers.post(deployment, request, body, invocation.timeout_s)
            except AwsError as error:
                if error.code != "ServiceUnavailable":
                    raise
            await asyncio.sleep(RETRY_S)

    def _upload(self, output: Path, location: str, content_type: str | None) -> None:
        target = S3Location.parse(location)
        extra = {"ContentType": content_type or DEFAULT_CONTENT_TYPE}
        with output.open("rb") as stream:
            self.aws.s3.upload_fileobj(stream, target.bucket, target.key, ExtraArgs=extra)

    def _notify(self, topic: str, text: str) -> None:
        try:
            self.aws.sns.publish(TopicArn=topic, Message=text)
        except AWS_ERRORS as error:
            log.warning("a notification did not reach %s: %s", topic, error)


async def _insist(in_thread: InThread, work: Callable[..., Any], *arguments: Any) -> None:
    """Until S3 is there. What is the caller's fault is raised at once."""
    pause_s = RETRY_S
    while True:
        try:
            await in_thread(work, *arguments)
            return
        except AWS_ERRORS as error:
            if is_callers_fault(error):
                raise
            log.warning("S3 is asked again in %g s: %s", pause_s, error)
        await asyncio.sleep(pause_s)
        pause_s = min(RETRY_MAX_S, pause_s * 2)


async def _save(exchange: Exchange, output: Path) -> None:
    with output.open("wb") as stream:
        async for chunk in exchange.chunks():
            stream.write(chunk)


def _head(output: Path) -> bytes:
    with output.open("rb") as stream:
        return stream.read(MESSAGE_MAX_BYTES)
