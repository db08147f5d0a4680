"""The workers of a distributed Map, which run its items as child workflows.

docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html is the behavior that is matched. LocalStack's
own map stops short of it: a child workflow that fails is a null among the results, and no number of failures is too
many.

Stages of a map run, and who does each:

1. LocalStack evaluates the state's parameters, makes the MapRunRecord, and writes MapRunStarted into the history.
2. The ItemReader puts the items on the stack, from the state's input or from S3 (`items_and_results`).
3. `_map_run`, wrapped here, counts all items as pending. LocalStack's original then makes a JobPool with one job for
   each item, starts the workers, and waits until every job is closed.
4. Each Worker takes jobs until the pool is empty (`eval`). A job is one child workflow, in a frame of its own:
   `_run` names it, LocalStack's `_eval_job` evaluates it and counts the outcome, `record` notes how it ended.
5. When all jobs are closed, the wrapper of `_map_run` fails the state if the tolerated failures are exceeded.
6. The ResultWriter writes the recorded child workflows to S3 (`items_and_results`, `result_files`); without one, the
   outputs are the state's result.

Threads. The thread of the execution does stages 1 to 3, 5 and 6. Each worker is a thread that LocalStack starts: as
many as MaxConcurrency, or one for each item where that is 0.

Locks. The JobPool has a mutex of its own around `next_job` and `close_job`, each counter of the MapRunRecord has one
too. A worker touches only its own frame of the environment. The list of child workflows is shared by the workers and
only appended to, which is atomic in CPython; it is read after the last job is closed.

Invariants:

- Every job that is taken is closed, or the execution would wait forever: `_eval_job` catches what the evaluation
  raises, and a job that is skipped, because the execution was stopped or too many items failed, is closed without a
  result.
- Each item is counted once in `total`. LocalStack's `_eval_job` adds it when it begins, but all were counted in stage
  3, so `_run` takes one off before.
- LocalStack does not take a child workflow that fails off `running` in the execution counter; `record` does.
- Exceeding the tolerated failures keeps new items from starting; those that run go on to their end.
"""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.job import Job
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.program_state import ProgramEnded, ProgramError
from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.distributed_map import child_workflows, tolerance
from localstack_plugin.stepfunctions.distributed_map.child_workflows import Child
from localstack_plugin.stepfunctions.distributed_map.map_runs import children_of, failure

THRESHOLD_EXCEEDED = "The specified tolerated failure threshold was exceeded"
MapRun = Callable[[Any, Environment, Any], None]


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor"
        ".distributed_item_processor:DistributedItemProcessorWorker",
        by=Worker,
        why="LocalStack runs items without execution names and discards their outcomes. Each item is a child workflow "
        "with a name and an ARN, and its outcome is recorded.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration"
        ".distributed_iteration_component:DistributedIterationComponent._map_run",
        wrapper=with_tolerance,
        why="LocalStack ignores the tolerated failures and counts an item only when it begins. All items are counted "
        "at the start, and too many failures fail the state with States.ExceedToleratedFailureThreshold.",
    )


class Worker(distributed_item_processor_worker.DistributedItemProcessorWorker):
    """One of the threads that take items from the pool; it runs each as a child workflow."""

    def eval(self) -> None:
        while (job := self._job_pool.next_job()) is not None:
            if not self.stopped() and not has_too_many_failures(self._map_run_record, self._job_pool._jobs_number):
                self._run(job)
            self._job_pool.close_job(job)

    def _eval_input(self, env_frame: Environment) -> None:
        super()._eval_input(env_frame)
        self._child_input = env_frame.states.get_input()  # what an ItemSelector made of the item

    def _run(self, job: Job) -> None:
        self._child_input = job.job_input
        for counter in (self._map_run_record.item_counter, self._map_run_record.execution_counter):
            counter.pending.offset(-1)
            counter.total.offset(-1)  # `_eval_job` adds it again
        frame = self._env.open_inner_frame()
        child = child_workflows.started(self._map_run_record.map_state_machine_arn)
        context = frame.states.context_object.context_object_data
        context["Execution"] = {**context["Execution"], "Id": child["ExecutionArn"], "Name": child["Name"]}
        try:
            self._eval_job(env=frame, job=job)
            record(self._map_run_record, frame, child, to_json_str(self._child_input), job.job_output)
        finally:
            self._env.delete_frame(frame)


def record(map_run: MapRunRecord, frame: Environment, child: Child, child_input: str, output: Any) -> None:
    """Note how a child workflow ended, by the program state that its frame was left in."""
    state = frame.program_state()
    if isinstance(state, ProgramEnded):
        children_of(map_run).append(child_workflows.succeeded(child, child_input, to_json_str(output)))
        return
    error = (state.error if isinstance(state, ProgramError) else None) or {}
    map_run.execution_counter.running.offset(-1)
    children_of(map_run).append(
        child_workflows.failed(child, child_input, error.get("error", ""), error.get("cause", ""))
    )


def has_too_many_failures(map_run: MapRunRecord, items: int) -> bool:
    return tolerance.is_exceeded(
        failed=map_run.item_counter.failed.get(),
        items=items,
        tolerated_count=map_run.tolerated_failure_count,
        tolerated_percentage=map_run.tolerated_failure_percentage,
    )


def with_tolerance(original: MapRun) -> MapRun:
    def map_run(component: Any, env: Environment, eval_input: Any) -> None:
        items = len(env.stack[-1])
        for counter in (eval_input.map_run_record.item_counter, eval_input.map_run_record.execution_counter):
            counter.total.count(items)
            counter.pending.count(items)
        original(component, env, eval_input)
        if has_too_many_failures(eval_input.map_run_record, items):
            raise failure(env, StatesErrorNameType.StatesExceedToleratedFailureThreshold, THRESHOLD_EXCEEDED)

    return map_run
