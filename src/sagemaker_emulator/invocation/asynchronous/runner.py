"""One asynchronous invocation: input from S3, the container's answer, output to S3, notification to SNS."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients, S3Location, is_temporary
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.asynchronous.results import MESSAGE_MAX_BYTES, Result, notification
from sagemaker_emulator.invocation.capture_records import CapturedInvocation, Payload
from sagemaker_emulator.invocation.data_capture import CaptureWriter
from sagemaker_emulator.invocation.invoke_endpoint import us_since
from sagemaker_emulator.invocation.metrics import InvocationMetrics
from sagemaker_emulator.invocation.requests import DEFAULT_CONTENT_TYPE, Outgoing, container_headers
from sagemaker_emulator.invocation.routing import ContainerFailed, Exchange, Router
from sagemaker_emulator.resources.async_invocation import AsyncInvocation
from sagemaker_emulator.resources.endpoint_config import AsyncInference
from sagemaker_emulator.wire import AwsError

RETRY_S = 0.5
ANSWER_MAX_BYTES = 1 << 30  # Source: the quota of asynchronous inference
RETRY_MAX_S = 30.0
CAPTURED_MAX_BYTES = 6 << 20  # the largest payload of InvokeEndpoint
EXPIRED = "ClientError: The request was in the queue for longer than {ttl:g} seconds and has expired."
LOST = "InternalServerError: The payload of the request was lost, because the files of SageMaker were damaged."
FROM_MODEL = (
    "ClientError: Received {side} error ({status}) from model. See the SageMaker Endpoint logs in your account for "
    "more information."
)

InThread = Callable[..., Awaitable[Any]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AsyncRunner:
    """A runner of one asynchronous invocation at a time for each caller of `run`, on the server's event loop.

    Payloads pass through files, because they may be as large as a gigabyte.
    """

    endpoints: Endpoints
    router: Router
    aws: AwsClients
    metrics: InvocationMetrics
    capture: CaptureWriter
    region: str

    async def run(self, invocation: AsyncInvocation, directory: Path, in_thread: InThread) -> None:
        """Return when the result is in S3 and SNS is notified. While S3 is unreachable, this keeps trying."""
        directory.mkdir(parents=True, exist_ok=True)
        config = self._config(invocation)
        try:
            result = await self._result(invocation, directory, in_thread)
        except AWS_ERRORS as error:
            result = Result(f"ClientError: {error}")
        if topic := result.topic(config):
            message = notification(invocation, result, config, self.region, datetime.now(UTC))
            await in_thread(self._notify, topic, message)

    def _config(self, invocation: AsyncInvocation) -> AsyncInference:
        revision = self.endpoints.get(invocation.endpoint_name).revision
        return revision.config.async_inference or AsyncInference.from_request(
            {"OutputConfig": {"S3OutputPath": invocation.output_uri}}
        )

    async def _result(self, invocation: AsyncInvocation, directory: Path, in_thread: InThread) -> Result:
        output = directory / "output"
        if invocation.has_expired:
            reason = EXPIRED.format(ttl=invocation.request.ttl_s)
            output.write_text(reason)
            answer = Result(reason)
        elif not invocation.input_uri and not (directory / "input").is_file():
            output.write_text(LOST)
            answer = Result(LOST)
        elif fault := await self._fetch_input(invocation, directory / "input", in_thread):
            output.write_text(fault)
            answer = Result(fault)
        else:
            answer = await self._infer(invocation, directory / "input", output)
        location = invocation.failure_uri if answer.failure_reason else invocation.output_uri
        if location:
            await _retry_while_s3_is_unreachable(in_thread, self._upload, output, location, answer.content_type)
        return Result(answer.failure_reason, answer.content_type, location, _head(output))

    async def _fetch_input(self, invocation: AsyncInvocation, target: Path, in_thread: InThread) -> str | None:
        """Download the input, unless it came with the request. Return the reason why it cannot be read, if any."""
        if invocation.input_uri:
            source = S3Location.parse(invocation.input_uri)
            download = self.aws.s3.download_file
            try:
                await _retry_while_s3_is_unreachable(in_thread, download, source.bucket, source.key, str(target))
            except AWS_ERRORS as error:
                return f"ClientError: Failed to download the input {invocation.input_uri}: {error}"
        return None

    async def _infer(self, invocation: AsyncInvocation, source: Path, output: Path) -> Result:
        """Send `source` to a container and write its answer, or the reason why there is none, to `output`."""
        started = time.perf_counter_ns()
        try:
            with source.open("rb") as body:
                async with AsyncExitStack() as stack:
                    exchange = await self._enter_exchange(stack, invocation, body)
                    counted, status, content_type = exchange.counted, exchange.status, exchange.content_type
                    visits = exchange.visits
                    await _save(exchange, output)
        except ContainerFailed as failure:
            counted, status, content_type, visits = failure.counted, 0, None, failure.visits
            output.write_text(str(failure))
        self.metrics.record_asynchronous(counted, status, us_since(started))
        self.metrics.record_containers(counted, visits, 0)
        if 200 <= status < 300:
            await self._record(invocation, counted.variant, source, output, content_type)
            return Result(None, content_type)
        if status:
            side = "client" if status < 500 else "server"
            return Result(FROM_MODEL.format(side=side, status=status), content_type)
        return Result(f"ClientError: {output.read_text()}", content_type)

    async def _record(
        self, invocation: AsyncInvocation, variant: str, source: Path, output: Path, content_type: str | None
    ) -> None:
        """Capture the invocation, if the endpoint captures and the sample includes it.

        AWS does not document whether it captures payloads above InvokeEndpoint's limit: they are left out here.
        """
        capture = self.endpoints.get(invocation.endpoint_name).revision.data_capture
        if capture is None or not self.capture.samples(capture):
            return
        if max(source.stat().st_size, output.stat().st_size) > CAPTURED_MAX_BYTES:
            log.warning(
                "asynchronous invocation %s of endpoint %s is not captured: its input or output has more than %d bytes",
                invocation.name,
                invocation.endpoint_name,
                CAPTURED_MAX_BYTES,
            )
            return
        captured = CapturedInvocation(
            endpoint_name=invocation.endpoint_name,
            variant_name=variant,
            request=Payload(source.read_bytes(), invocation.request.content_type or DEFAULT_CONTENT_TYPE),
            response=Payload(output.read_bytes(), content_type or DEFAULT_CONTENT_TYPE),
            inference_id=invocation.inference_id,
            custom_attributes=invocation.request.custom_attributes,
        )
        await asyncio.to_thread(self.capture.record, capture, captured)

    async def _enter_exchange(self, stack: AsyncExitStack, invocation: AsyncInvocation, body: BinaryIO) -> Exchange:
        """Send the request. While no instance is healthy, wait for one."""
        request = invocation.request
        headers = container_headers(
            request.content_type, request.accept, request.custom_attributes, invocation.inference_id
        )
        while True:
            try:
                deployment = self.endpoints.deployment(invocation.endpoint_name)
                exchange = self.router.exchange(deployment, Outgoing(headers, body, invocation.timeout_s))
                return await stack.enter_async_context(exchange)
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
            log.warning("could not notify the topic %s: %s", topic, error)


async def _retry_while_s3_is_unreachable(in_thread: InThread, call: Callable[..., Any], *arguments: Any) -> None:
    """Make a call to S3 until it succeeds. An error that is the caller's own fault is raised at once."""
    for pause_s in retry_pauses_s():
        try:
            await in_thread(call, *arguments)
            return
        except AWS_ERRORS as error:
            if not is_temporary(error):
                raise
            log.warning("trying S3 again in %g s: %s", pause_s, error)
        await asyncio.sleep(pause_s)


def retry_pauses_s() -> Iterator[float]:
    """Yield the pauses between attempts, in seconds: 0.5, 1, 2, 4 … 30, 30 …"""
    pause_s = RETRY_S
    while True:
        yield pause_s
        pause_s = min(RETRY_MAX_S, pause_s * 2)


async def _save(exchange: Exchange, output: Path) -> None:
    with output.open("wb") as stream:
        async for chunk in exchange.chunks(ANSWER_MAX_BYTES):
            stream.write(chunk)


def _head(output: Path) -> bytes:
    with output.open("rb") as stream:
        return stream.read(MESSAGE_MAX_BYTES)
