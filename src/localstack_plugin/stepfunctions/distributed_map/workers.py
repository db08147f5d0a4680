"""Step Functions' distributed Map, where LocalStack's stops short: failures count, results are written, listings go on.

docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html is the behaviour that is matched. Without this
a child workflow that fails is a null among the results, no failure is too many, the result writer writes an empty
manifest, and a listing ends after a thousand objects.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration import (
    distributed_iteration_component as distributed,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor import (
    distributed_item_processor,
    distributed_item_processor_worker,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.job import Job
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.program_state import ProgramEnded, ProgramError
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.distributed_map.map_runs import children_of, failure

THRESHOLD_EXCEEDED = "The specified tolerated failure threshold was exceeded"
MapRun = Callable[[Any, Environment, Any], None]


def install() -> None:
    replace(distributed_item_processor, "DistributedItemProcessorWorker", Worker)
    component = distributed.DistributedIterationComponent
    replace(component, "_map_run", tolerating(component._map_run))


class Worker(distributed_item_processor_worker.DistributedItemProcessorWorker):
    """One of the threads that take items; each item is a child workflow with a name and an ARN of its own."""

    def eval(self) -> None:
        while (job := self._job_pool.next_job()) is not None:
            if not self.stopped() and not is_exceeded(self._map_run_record, self._job_pool._jobs_number):
                self._run(job)
            self._job_pool.close_job(job)

    def _eval_input(self, env_frame: Environment) -> None:
        super()._eval_input(env_frame)
        self._child_input = env_frame.states.get_input()

    def _run(self, job: Job) -> None:
        self._child_input = job.job_input
        for counter in (self._map_run_record.item_counter, self._map_run_record.execution_counter):
            counter.pending.offset(-1)
            counter.total.offset(-1)  # LocalStack counts an item when it begins: all were counted already
        frame = self._env.open_inner_frame()
        child = child_execution(self._map_run_record)
        context = frame.states.context_object.context_object_data
        context["Execution"] = {**context["Execution"], "Id": child["ExecutionArn"], "Name": child["Name"]}
        try:
            self._eval_job(env=frame, job=job)
            record(self._map_run_record, frame, job, child | {"Input": to_json_str(self._child_input)})
        finally:
            self._env.delete_frame(frame)


def child_execution(map_run: MapRunRecord) -> dict[str, Any]:
    name = str(uuid4())
    return {
        "ExecutionArn": f"{map_run.map_state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}",
        "Name": name,
        "StartDate": timestamp(),
        "StateMachineArn": map_run.map_state_machine_arn,
    }


def record(map_run: MapRunRecord, frame: Environment, job: Job, child: dict[str, Any]) -> None:
    """As DescribeExecution would say it."""
    state = frame.program_state()
    child |= {"InputDetails": {"Included": True}, "StopDate": timestamp()}
    if isinstance(state, ProgramEnded):
        child |= {"Status": "SUCCEEDED", "Output": to_json_str(job.job_output), "OutputDetails": {"Included": True}}
    else:
        error = (state.error if isinstance(state, ProgramError) else None) or {}
        child |= {"Status": "FAILED", "Error": error.get("error", ""), "Cause": error.get("cause", "")}
        map_run.execution_counter.running.offset(-1)
    children_of(map_run).append(child)


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_exceeded(map_run: MapRunRecord, items: int) -> bool:
    """A limit that is not given is 0, and counts only where neither is."""
    failed: int = map_run.item_counter.failed.get()
    count, percentage = map_run.tolerated_failure_count, map_run.tolerated_failure_percentage
    if not count and not percentage:
        return failed > 0
    return bool((count and failed > count) or (percentage and failed * 100 > percentage * items))


def tolerating(original: MapRun) -> MapRun:
    def map_run(component: Any, env: Environment, eval_input: Any) -> None:
        items = len(env.stack[-1])
        for counter in (eval_input.map_run_record.item_counter, eval_input.map_run_record.execution_counter):
            counter.total.count(items)
            counter.pending.count(items)
        original(component, env, eval_input)
        if is_exceeded(eval_input.map_run_record, items):
            raise failure(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, THRESHOLD_EXCEEDED)

    return map_run
