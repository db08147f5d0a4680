"""Compare the workflow of three functions on this kit's cloud and on ministack. `make bench` runs it.

The functions are the project's own, but the endpoint call returns a constant, so that only Step Functions and Lambda
are measured. They run in the Python that runs this file, because ministack runs every function in its own, whatever
the runtime. The same boto3 code first runs one execution at a time, then a burst of simultaneous executions, for which
a cloud has to start execution environments, and finally, once a cloud starts no more of them, rounds of many
executions, each of which is replaced as soon as it is seen to have ended. The rounds of both clouds alternate; the
median of their ratios counts.
"""

from __future__ import annotations

import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3
import psutil
from aims import Aims
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from PIL import Image

from local_cloud.ports import free_port

PROJECT = Path(__file__).resolve().parents[1]
MINISTACK = PROJECT / ".venv-ministack" / "bin" / "ministack"
ROLE = "arn:aws:iam::000000000000:role/benchmark"
NAME = "benchmark-workflow"
FUNCTIONS = ("serialize", "classify", "filter")
INSTEAD_OF_THE_ENDPOINT = "\n\ndef invoke_endpoint(*arguments):\n    return b'[0.97, 0.03]'\n"
ONE_BY_ONE = 40
IN_FLIGHT = 50
TOGETHER = 400
WARM_UP_ROUNDS = 6
"""At most: fewer if a round starts no environment."""
ROUNDS = 7
STARTERS = 8
POLL_S, LIST_S = 0.01, 0.05
DEADLINE_S = 180.0
P50_MOST, P50_MOST_MS = 0.15, 30.0
BURST_AIM, RATE_AIM = 4.0, 2.0


@dataclass(frozen=True)
class Cloud:
    """A local AWS and the id of its server process."""

    name: str
    url: str
    pid: int

    def client(self, service: str) -> Any:
        config = Config(
            region_name="us-east-1", max_pool_connections=STARTERS * 2, retries={"max_attempts": 0}, read_timeout=120
        )
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.url, config=config, **keys)

    def cpu_s(self) -> float:
        """Return the CPU seconds of the server and all its functions."""
        return sum(_cpu_s(process) for process in self._processes())

    def process_count(self) -> int:
        return len(self._processes())

    def _processes(self) -> list[psutil.Process]:
        server = psutil.Process(self.pid)
        return [server, *server.children(recursive=True)]


class Contestant:
    """A cloud with the workflow, and what was measured of it."""

    def __init__(self, cloud: Cloud, machine: str) -> None:
        self._cloud, self._executions = cloud, Executions(cloud, machine)
        self.taken_ms: list[float] = []
        """By each execution that ran alone."""
        self.burst_rate = 0.0
        """Executions per second in one burst of IN_FLIGHT, which needs new execution environments."""
        self.rates: list[float] = []
        """Executions per second in each round, with IN_FLIGHT running in warm environments."""
        self._cpu_ms: list[float] = []
        """Of one execution in each round."""

    def run_one_by_one(self) -> None:
        self._executions.one()
        self.taken_ms = [self._executions.one() * 1000 for _ in range(ONE_BY_ONE)]

    def run_burst(self) -> None:
        self.burst_rate = IN_FLIGHT / self._executions.together(IN_FLIGHT)

    def warm_up(self) -> None:
        """Run rounds until one has started no execution environment."""
        processes = 0
        for _ in range(WARM_UP_ROUNDS):
            if processes == self._cloud.process_count():
                break
            processes = self._cloud.process_count()
            self._executions.together(TOGETHER)

    def run_round(self) -> None:
        before = self._cloud.cpu_s()
        self.rates.append(TOGETHER / self._executions.together(TOGETHER))
        self._cpu_ms.append((self._cloud.cpu_s() - before) * 1000 / TOGETHER)

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.taken_ms)

    def __str__(self) -> str:
        p95_ms = sorted(self.taken_ms)[int(len(self.taken_ms) * 0.95)]
        return (
            f"{self._cloud.name:<10} one by one p50 {self.p50_ms:6.1f} ms, p95 {p95_ms:6.1f} ms   "
            f"burst of {IN_FLIGHT} {self.burst_rate:5.1f}/s   {IN_FLIGHT} in flight "
            f"{statistics.median(self.rates):5.1f}/s, CPU {statistics.median(self._cpu_ms):5.1f} ms"
        )


def main() -> int:
    with ministack() as other, deployed(our_cloud()) as ours, deployed(other) as theirs:
        measure(ours, theirs)
    say(str(ours))
    say(str(theirs))
    latency, burst = ours.p50_ms / theirs.p50_ms, ours.burst_rate / theirs.burst_rate
    rate = statistics.median(mine / other for mine, other in zip(ours.rates, theirs.rates, strict=True))
    aims = Aims()
    aims.at_most("p50 of one execution, as a multiple of ministack's", latency, P50_MOST)
    aims.at_most("p50 of one execution, in milliseconds", ours.p50_ms, P50_MOST_MS)
    aims.at_least("executions/s in a burst, as a multiple of ministack's", burst, BURST_AIM)
    aims.at_least("executions/s continuously, as a multiple of ministack's", rate, RATE_AIM)
    return aims.exit_code()


def measure(*contestants: Contestant) -> None:
    """Measure all of them in turn: from minute to minute, a machine's own speed changes by a third."""
    for each in contestants:
        each.run_one_by_one()
    for each in contestants:
        each.run_burst()
    for each in contestants:
        each.warm_up()
    for _ in range(ROUNDS):
        for each in contestants:
            each.run_round()


class Flight:
    """How many of `count` executions have been started and have ended; at most IN_FLIGHT are between the two."""

    def __init__(self, count: int) -> None:
        self._count, self._begun = count, 0
        self._changed = threading.Condition()
        self.started: list[str] = []
        self.ended = 0

    def enter(self) -> bool:
        """Wait for room for one more execution. False: there is none to start any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._begun == self._count or self._begun - self.ended < IN_FLIGHT)
            if self._begun == self._count:
                return False
            self._begun += 1
            return True

    def look(self, running: Callable[[], int]) -> None:
        """Count the executions that have ended, of those that were started before the look."""
        started = len(self.started)
        ended = started - running()
        with self._changed:
            self.ended = max(self.ended, ended)
            self._changed.notify_all()

    def give_up(self) -> None:
        with self._changed:
            self._begun = self._count
            self._changed.notify_all()


class Executions:
    def __init__(self, cloud: Cloud, machine: str) -> None:
        self._client = cloud.client("stepfunctions")
        self._machine = machine
        self._input = json.dumps({"image_data": "", "s3_bucket": NAME, "s3_key": "image.png", "inferences": []})

    def one(self) -> float:
        """Run one execution; return the seconds from StartExecution until DescribeExecution says SUCCEEDED."""
        began = time.perf_counter()
        arn = self._start()
        while (described := self._client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.perf_counter() - began > DEADLINE_S:
                raise SystemExit(f"{arn} is RUNNING after {DEADLINE_S:g} s")
            time.sleep(POLL_S)
        taken = time.perf_counter() - began
        check(described)
        return taken

    def together(self, count: int) -> float:
        """Run `count` executions, IN_FLIGHT at a time, and return the seconds.

        What has ended is looked up every LIST_S, far less than IN_FLIGHT executions take, and replaced at once.
        """
        began = time.perf_counter()
        flight = Flight(count)
        with ThreadPoolExecutor(STARTERS) as pool:
            starters = [pool.submit(self._start_while_there_is_room, flight) for _ in range(STARTERS)]
            while flight.ended < count:
                if time.perf_counter() - began > DEADLINE_S:
                    flight.give_up()
                    raise SystemExit(f"{flight.ended} of {count} executions have ended after {DEADLINE_S:g} s")
                time.sleep(LIST_S)
                flight.look(self._running)
        taken = time.perf_counter() - began
        for starter in starters:
            starter.result()
        for arn in flight.started:
            check(self._client.describe_execution(executionArn=arn))
        return taken

    def _start_while_there_is_room(self, flight: Flight) -> None:
        while flight.enter():
            flight.started.append(self._start())

    def _start(self) -> str:
        return str(self._client.start_execution(stateMachineArn=self._machine, input=self._input)["executionArn"])

    def _running(self) -> int:
        listed = self._client.list_executions(stateMachineArn=self._machine, statusFilter="RUNNING", maxResults=1000)
        return sum(execution["status"] == "RUNNING" for execution in listed["executions"])


def check(described: dict[str, Any]) -> None:
    if described["status"] != "SUCCEEDED" or json.loads(described["output"])["inferences"] != [0.97, 0.03]:
        raise SystemExit(f"an execution did not succeed: {described}")


@contextmanager
def deployed(cloud: Cloud) -> Iterator[Contestant]:
    """Create the functions, their image and the state machine, and remove everything at the end."""
    s3, functions, states = cloud.client("s3"), cloud.client("lambda"), cloud.client("stepfunctions")
    s3.create_bucket(Bucket=NAME)
    s3.put_object(Bucket=NAME, Key="image.png", Body=picture())
    arns = [create_function(functions, name) for name in FUNCTIONS]
    machine = states.create_state_machine(name=NAME, definition=definition(arns), roleArn=ROLE)["stateMachineArn"]
    try:
        yield Contestant(cloud, machine)
    finally:
        states.delete_state_machine(stateMachineArn=machine)
        for arn in arns:
            functions.delete_function(FunctionName=arn)
        s3.delete_object(Bucket=NAME, Key="image.png")
        s3.delete_bucket(Bucket=NAME)


def definition(arns: list[str]) -> str:
    """Return a definition like the project's: each function is a task that passes its answer's body to the next."""
    states: dict[str, dict[str, Any]] = {}
    for name, arn in zip(FUNCTIONS, arns, strict=True):
        states[name] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": arn, "Payload.$": "$"},
            "OutputPath": "$.Payload.body",
            "Retry": [{"ErrorEquals": ["Lambda.ServiceException", "Lambda.TooManyRequestsException"]}],
            "End": True,
        }
    for name, following in pairwise(FUNCTIONS):
        del states[name]["End"]
        states[name]["Next"] = following
    return json.dumps({"StartAt": FUNCTIONS[0], "TimeoutSeconds": 900, "States": states})


def create_function(client: Any, name: str) -> str:
    function = client.create_function(
        FunctionName=f"{NAME}-{name}",
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Handler="app.lambda_handler",
        Role=ROLE,
        Code={"ZipFile": archive(name)},
        Timeout=60,
        MemorySize=256,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=function["FunctionName"], WaiterConfig={"Delay": 1})
    return str(function["FunctionArn"])


def archive(name: str) -> bytes:
    source = (PROJECT / "src" / "functions" / name / "app.py").read_text()
    if name == "classify":
        source += INSTEAD_OF_THE_ENDPOINT
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("app.py", source)
    return packed.getvalue()


def picture() -> bytes:
    packed = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(packed, "PNG")
    return packed.getvalue()


def our_cloud() -> Cloud:
    url = boto3.client("s3").meta.endpoint_url
    return Cloud("ours", url, listener(int(url.rpartition(":")[2])))


def listener(port: int) -> int:
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return int(connection.pid)
    raise SystemExit(f"no process on this machine listens on port {port}: `make bench` starts the cloud")


@contextmanager
def ministack() -> Iterator[Cloud]:
    if not MINISTACK.is_file():
        raise SystemExit(f"there is no {MINISTACK}: `make bench` installs it")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": folder}
        process = subprocess.Popen([MINISTACK], env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            cloud = Cloud("ministack", f"http://127.0.0.1:{port}", process.pid)
            wait_until_ready(cloud, process)
            yield cloud
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_until_ready(cloud: Cloud, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            cloud.client("s3").list_buckets()
            return
        except (EndpointConnectionError, ClientError):
            if process.poll() is not None:
                raise SystemExit(f"ministack ended with {process.returncode}") from None
            time.sleep(0.1)
    raise SystemExit("ministack does not answer after 60 s")


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
