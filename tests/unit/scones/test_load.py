"""The load generator: when requests are sent, and how answers become figures."""

import io
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from tests.unit.scones.test_endpoint import deploy

from scones import cli
from scones.console import Meter
from scones.context import Context
from scones.dataset import staging
from scones.errors import ExecutionsError, SettingsError
from scones.load import generator, latency_chart
from scones.load.measurements import BELOW_THRESHOLD, FAILED, SUCCEEDED, Answer, Record, percentile, summary
from scones.load.targets import EndpointTarget, WorkflowTarget

ROLE = "arn:aws:iam::123456789012:role/states"
DEADLINE_S = 20


class Silent:
    """A meter that shows nothing."""

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        pass


class Interrupting(Silent):
    """A user who presses Ctrl-C as soon as figures are shown."""

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        raise KeyboardInterrupt


@dataclass
class Gate:
    """A service that does not answer until `count` requests have arrived."""

    count: int
    record: Record
    name: str = "gate"
    endpoint: str = "gate"
    due: list[float] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._barrier = threading.Barrier(self.count)

    def send(self, number: int, due: float) -> None:
        self.due.append(due)
        self._barrier.wait(DEADLINE_S)
        self.record.note_ended(Answer(due, time.monotonic() - due, SUCCEEDED))

    def close(self) -> None:
        self.closed = True


def generated(target: Gate, arrivals: generator.Arrivals, meter: Meter) -> bool:
    return generator.generate(target, arrivals, target.record, time.monotonic(), meter)


def test_arrivals_do_not_wait_for_answers() -> None:
    gate = Gate(20, Record())
    assert generated(gate, generator.steady(400, 0.05), Silent())
    assert len(gate.record.answers) == gate.record.sent == 20
    assert gate.closed
    between = [after - before for before, after in zip(sorted(gate.due), sorted(gate.due)[1:], strict=False)]
    assert between == pytest.approx([1 / 400] * 19, abs=1e-6)


def test_all_requests_of_a_burst_are_due_at_once() -> None:
    gate = Gate(10, Record())
    assert generated(gate, generator.burst(10), Silent())
    assert len(set(gate.due)) == 1


def test_an_interrupt_ends_the_load_and_shows_the_figures_so_far() -> None:
    gate = Gate(2, Record())
    assert not generated(gate, generator.steady(2, 60), Interrupting())
    assert gate.closed
    figures = gate.record.figures(1.0)
    assert figures.sent == figures.in_flight == 1
    gate.send(1, 0.0)  # release the sender that waits at the gate


@pytest.mark.parametrize(("text", "expected"), [("90", 90), ("30s", 30), ("1.5m", 90), ("2h", 7200)])
def test_a_duration_needs_a_unit(text: str, expected: float) -> None:
    assert generator.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "0s", "-1", "3d"])
def test_text_that_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="must be a time such as 30s"):
        generator.seconds(text)


def test_a_rate_and_a_burst_must_be_positive() -> None:
    with pytest.raises(SettingsError, match="--rate is 0"):
        generator.steady(0, 10)
    with pytest.raises(SettingsError, match="--burst is 0"):
        generator.burst(0)


def test_a_burst_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.exit_code(["load", "--burst", "5", "--rate", "2"]) == 2
    assert "--burst sends all at once" in capsys.readouterr().err


def test_percentiles_are_measured_latencies() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, share) for share in (0.5, 0.95, 0.99)] == [50, 95, 99]
    assert percentile([3.0], 0.99) == 3
    assert percentile([], 0.5) is None


def record_of(*answers: Answer, sent: int) -> Record:
    record = Record()
    for number in range(sent):
        record.note_sent(float(number))
    for answer in answers:
        record.note_ended(answer)
    return record


def test_figures_count_outcomes_and_errors_and_leave_failures_out_of_the_latency() -> None:
    answers = [
        Answer(0, 0.2, SUCCEEDED),
        Answer(1, 0.4, BELOW_THRESHOLD),
        Answer(2, 9, FAILED, "ModelError"),
        Answer(3, 9, FAILED, "ModelError"),
    ]
    figures = record_of(*answers, sent=5).figures(12.0)
    assert figures.outcomes == {SUCCEEDED: 1, BELOW_THRESHOLD: 1, FAILED: 2}
    assert figures.errors == {"ModelError": 2}
    assert (figures.in_flight, figures.sent_per_s, figures.p50_s, figures.p99_s) == (1, 1.0, 0.2, 0.4)
    text = "5 sent, 1 succeeded, 1 below the threshold, 2 failed (ModelError 2), 1 in flight; p50 200 ms"
    assert str(figures).startswith(text)
    assert json.loads(json.dumps(summary(figures, answers)))["answers"][2]["error"] == "ModelError"


@pytest.mark.parametrize("answered", [0, 1, 200])
def test_the_chart_is_drawn_for_few_and_many_answers(tmp_path: Path, answered: int) -> None:
    answers = [Answer(number / 10, 0.1 + number % 7 / 50, SUCCEEDED) for number in range(answered)]
    record = record_of(*answers, sent=answered + 1)
    latency_chart.draw("workflow", record.figures(1.0), answers, tmp_path / "load.png")
    assert (tmp_path / "load.png").read_bytes().startswith(b"\x89PNG")


class Runtime:
    """An endpoint with prepared answers, one for each call."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self._answers = iter(answers)

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return {"Body": io.BytesIO(answer), "InvokedProductionVariant": "Blue"}


def test_answers_of_the_endpoint_are_compared_with_the_threshold() -> None:
    busy = ClientError({"Error": {"Code": "ThrottlingException"}}, "InvokeEndpoint")
    runtime = Runtime(
        b"[0.95, 0.05]", b"[0.6, 0.4]", b"what?", b'{"label": 1}', busy, ReadTimeoutError(endpoint_url="x")
    )
    record = Record()
    target = EndpointTarget("endpoint", runtime, [b"image"], 0.93, record, time.monotonic())
    for number in range(6):
        target.send(number, time.monotonic() - 2)
    assert [(answer.outcome, answer.error) for answer in record.answers] == [
        (SUCCEEDED, None),
        (BELOW_THRESHOLD, None),
        (FAILED, "AnswerNotUnderstood"),
        (FAILED, "AnswerNotUnderstood"),
        (FAILED, "ThrottlingException"),
        (FAILED, "ReadTimeoutError"),
    ]
    assert [answer.variant for answer in record.answers] == ["Blue"] * 4 + [None] * 2
    assert all(answer.latency_s >= 2 for answer in record.answers), "latency counts from when the request was due"


@pytest.fixture
def workflow_target(aws: None) -> WorkflowTarget:
    client = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    machine = client.create_state_machine(name="classify", definition=definition, roleArn=ROLE)["stateMachineArn"]
    return WorkflowTarget(machine, "bikes", client, "bucket", ["test/a.png"], Record(), time.monotonic(), "0123abcd")


def test_an_execution_is_in_flight_until_aws_reports_its_end(workflow_target: WorkflowTarget) -> None:
    record = workflow_target.record
    for number in range(2):
        record.note_sent(0.0)
        workflow_target.send(number, time.monotonic())
    workflow_target.look()
    assert record.in_flight == 2
    listed = workflow_target.client.list_executions(stateMachineArn=workflow_target.name)["executions"]
    event = json.loads(workflow_target.client.describe_execution(executionArn=listed[0]["executionArn"])["input"])
    assert event == {"image_data": "", "s3_bucket": "bucket", "s3_key": "test/a.png", "inferences": []}
    workflow_target.client.stop_execution(executionArn=listed[0]["executionArn"])
    workflow_target.look()
    assert [(answer.outcome, answer.error) for answer in record.answers] == [(FAILED, "ABORTED")]
    assert record.in_flight == 1


def test_a_refused_execution_has_failed(workflow_target: WorkflowTarget) -> None:
    workflow_target.client.delete_state_machine(stateMachineArn=workflow_target.name)
    workflow_target.send(0, time.monotonic())
    assert workflow_target.record.answers[0].error == "StateMachineDoesNotExist"


def test_the_title_of_a_load_names_the_endpoint_that_the_workflow_asks(workflow_target: WorkflowTarget) -> None:
    assert generator.named(workflow_target) == "workflow classify with endpoint bikes"
    assert generator.named(Gate(1, Record())) == "endpoint gate"


def test_the_models_of_a_load_are_unknown_if_the_endpoint_was_changed_meanwhile() -> None:
    one, two = {"AllTraffic": "model-1"}, {"AllTraffic": "model-2"}
    assert generator.answering(one, one) == one
    assert generator.answering(one, two) == {}


def test_a_load_asks_for_the_models_before_its_time_begins(context: Context) -> None:
    """They were once asked for after that, so each answer of a burst took longer by these calls."""
    staging.stage(context)
    deploy(context)
    called: list[str] = []
    for service in ("sagemaker", "s3"):
        context.client(service).meta.events.register("before-call", lambda model, **_: called.append(model.name))
    with pytest.raises(ExecutionsError):  # moto's endpoint answers with no probabilities
        generator.load(context, generator.burst(1), to_endpoint=True)
    calls = [name for name in called if name in ("DescribeEndpointConfig", "GetObject")]
    assert calls[0] == calls[-1] == "DescribeEndpointConfig"
    assert calls.count("DescribeEndpointConfig") == 2


def test_a_load_goes_on_where_the_models_cannot_be_read(context: Context) -> None:
    staging.stage(context)
    deploy(context)

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeEndpointConfig")

    assert generator.models_of(context, "scones-vehicles")
    context.client("sagemaker").meta.events.register("before-call.sagemaker.DescribeEndpointConfig", refuse)
    assert generator.models_of(context, "scones-vehicles") == {}


def test_the_file_of_a_load_says_who_answered(tmp_path: Path) -> None:
    record = record_of(Answer(0, 0.2, SUCCEEDED, variant="Blue"), sent=1)
    origin = {"load": "endpoint bikes, a burst of 1", "endpoint": "bikes", "models_by_variant": {"Blue": "model-1"}}
    text, _ = generator.write_results(tmp_path, origin, record.figures(1.0), record)
    written = json.loads(text.read_text())
    assert (written["endpoint"], written["models_by_variant"]) == ("bikes", {"Blue": "model-1"})
    assert written["answers"][0]["variant"] == "Blue"
