"""A batch transform's work on one instance: input files, payloads for the model, answers in order, output files."""

from __future__ import annotations

import gzip
import shutil
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.aws_clients.uploads import upload_file
from sagemaker_emulator.jobs.delayed_uploads import DelayedUploads
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.manifests import S3Object
from sagemaker_emulator.transform.captured_data import with_inference_ids
from sagemaker_emulator.transform.data_processing import DataProcessing, DataProcessingError
from sagemaker_emulator.transform.execution_parameters import ExecutionParameters
from sagemaker_emulator.transform.model_client import ClientConfig, InvocationFailed
from sagemaker_emulator.transform.payloads import SPLITTERS, Payload, Record, RecordError, payloads, too_large
from sagemaker_emulator.transform.request import TransformRequest
from sagemaker_emulator.transform.row_client import RowClient

AHEAD = 2  # how many payloads and ends of files may wait, beyond the requests in flight
MEGABYTE = 1 << 20
CHUNK_BYTES = 1 << 20
FILTERED_MAX_BYTES = 100 << 20  # as the largest MaxPayloadInMB
BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)


@dataclass(frozen=True)
class Plan:
    """The settings of a job's transform, complete."""

    max_concurrent: int
    max_payload_bytes: int  # 0: no limit
    one_record_each: bool
    split_type: str
    gzipped: bool
    ends_lines: bool
    output: S3Location
    processing: DataProcessing
    client: ClientConfig
    started: datetime
    generates_ids: bool

    @classmethod
    def of(cls, request: TransformRequest, parameters: ExecutionParameters, started: datetime) -> Plan:
        """Combine a request with complete parameters, none of them None. `started` is the job's start, in UTC."""
        return cls(
            max_concurrent=max(1, parameters.max_concurrent or 1),
            max_payload_bytes=(parameters.max_payload_mb or 0) * MEGABYTE,
            one_record_each=parameters.batch_strategy == "SINGLE_RECORD",
            split_type=request.split_type,
            gzipped=request.is_gzipped,
            ends_lines=request.ends_lines,
            output=request.output,
            processing=request.processing,
            client=request.client,
            started=started,
            generates_ids=request.capture is not None and request.capture.generates_ids,
        )


@dataclass
class FileWork:
    """One input file. `failed` when one of its payloads failed: it gets no output."""

    name: str
    input: Path
    output: BinaryIO
    failed: bool = False


Body: TypeAlias = Payload | Path
Records: TypeAlias = tuple[bytes, ...]
Pending: TypeAlias = tuple[FileWork, Records, Future[BinaryIO] | None]


@dataclass
class InstanceTransform:
    """Requests run `max_concurrent` at a time, across files too; answers are written in the order of the requests.

    `completed` are the names of the files whose output is in S3.
    """

    s3: Any
    plan: Plan
    client: RowClient
    halt: Halt
    directory: Path
    say: Callable[[str], None]
    uploads: DelayedUploads
    faults: list[str] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)
    _pending: deque[Pending] = field(default_factory=deque)

    def run(self, objects: Iterable[S3Object]) -> None:
        """Transform all files, as on AWS also those after one that failed; collect the failures' kinds in `faults`."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(self.plan.max_concurrent, thread_name_prefix="transform") as pool:
            for index, item in enumerate(objects):
                if self.halt.is_set():
                    break
                self.client.require_alive()
                self._submit(pool, self._fetched(index, item))
            self._drain(0)
        self.client.require_alive()

    def _submit(self, pool: ThreadPoolExecutor, file: FileWork) -> None:
        try:
            for body in () if file.failed else self._bodies(file):
                if self.halt.is_set() or file.failed:
                    break
                records = (b"",) if isinstance(body, Path) else body.records
                self._pending.append((file, records, pool.submit(self._invoke, body)))
                self._drain(self.plan.max_concurrent + AHEAD)
        except (RecordError, DataProcessingError) as error:
            self._fail(file, "ClientError", [str(error)])
        except BROKEN_GZIP as error:
            self._fail(file, "ClientError", [f"The file is not Gzip, which CompressionType says: {error}"])
        self._pending.append((file, (), None))

    def _drain(self, size: int) -> None:
        """Wait for the oldest answers until at most `size` are pending."""
        while len(self._pending) > size:
            file, records, answer = self._pending.popleft()
            if answer is None:
                self._finish(file)
            else:
                self._take(file, records, answer)

    def _take(self, file: FileWork, records: Records, answer: Future[BinaryIO]) -> None:
        try:
            with answer.result() as content:
                self._write(file, records, content)
        except InvocationFailed as failure:
            self._fail(file, failure.fault, failure.lines)
        except DataProcessingError as error:
            self._fail(file, "ClientError", [str(error)])

    def _write(self, file: FileWork, records: Records, answer: BinaryIO) -> None:
        processing, ending = self.plan.processing, b"\n" if self.plan.ends_lines else b""
        if processing.changes_output or self.plan.generates_ids:
            content = answer.read(FILTERED_MAX_BYTES + 1)
            if len(content) > FILTERED_MAX_BYTES:
                raise DataProcessingError(
                    f"The response has more than {FILTERED_MAX_BYTES} bytes, too many for a filter"
                )
            stored = processing.stored(records, content) if processing.changes_output else content
            if self.plan.generates_ids:
                stored = with_inference_ids(stored, processing.accept, self.plan.started)
            file.output.write(stored + ending)
            return
        shutil.copyfileobj(answer, file.output, CHUNK_BYTES)
        if ending:
            _end_line(file.output, answer)

    def _invoke(self, body: Body) -> BinaryIO:
        if isinstance(body, Path):
            return self.client.invoke(body, self.plan.client, chunked=self.plan.max_payload_bytes == 0)
        return self.client.invoke(body.body, self.plan.client)

    def _bodies(self, file: FileWork) -> Iterator[Body]:
        """Yield the payloads of a file. A file that is neither split nor filtered is sent from disk."""
        limit, one_each = self.plan.max_payload_bytes, self.plan.one_record_each
        untouched = not self.plan.processing.changes_input and not self.plan.processing.joins_input
        if self.plan.split_type == "None" or (limit == 0 and not one_each and untouched):
            yield self._whole(file, limit)
            return
        with file.input.open("rb") as content:
            records = SPLITTERS[self.plan.split_type](content, limit)
            if self.plan.processing.changes_input:
                records = map(self._filtered, records)
            yield from payloads(records, one_each, limit, self.plan.processing.changes_output)

    def _whole(self, file: FileWork, limit: int) -> Body:
        if not self.plan.processing.changes_input and not self.plan.processing.joins_input:
            if limit and file.input.stat().st_size > limit:
                raise too_large(limit)
            return file.input
        content = file.input.read_bytes()
        sent = self.plan.processing.sent(content)
        if limit and len(sent) > limit:
            raise too_large(limit)
        return Payload(sent, (content,))

    def _filtered(self, record: Record) -> Record:
        sent = self.plan.processing.sent(record.content)
        return Record(sent, sent + b"\n", record.content)

    def _fetched(self, index: int, item: S3Object) -> FileWork:
        """Download an object, uncompressed, without holding it in memory."""
        path = self.directory / f"{index}.in"
        body = self.s3.get_object(Bucket=item.location.bucket, Key=item.location.key)["Body"]
        file = FileWork(item.relative_path, path, (self.directory / f"{index}.out").open("wb"))
        try:
            with closing(body), path.open("wb") as target:
                shutil.copyfileobj(gzip.GzipFile(fileobj=body) if self.plan.gzipped else body, target, CHUNK_BYTES)
        except BROKEN_GZIP as error:
            self._fail(file, "ClientError", [f"The file is not Gzip, which CompressionType says: {error}"])
        except OSError:  # no room on the disk
            file.output.close()
            raise
        return file

    def _fail(self, file: FileWork, fault: str, lines: list[str]) -> None:
        file.failed = True
        if self.halt.is_set():
            return
        self.faults.append(fault)
        for line in lines:
            self.say(f"{file.name}: {line}")

    def _finish(self, file: FileWork) -> None:
        path = Path(file.output.name)
        file.output.close()
        if not file.failed and not self.halt.is_set():
            target = self.plan.output.joined(f"{file.name}.out")
            self.uploads.carry_out(partial(upload_file, self.s3, path, target))
            self.completed.add(file.name)
        path.unlink()
        file.input.unlink()


def _end_line(output: BinaryIO, answer: BinaryIO) -> None:
    """End a line of the output, unless the answer has already done so."""
    size = answer.tell()
    answer.seek(max(0, size - 1))
    if answer.read(1) != b"\n":
        output.write(b"\n")
