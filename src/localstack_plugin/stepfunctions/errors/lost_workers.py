"""Executions and branches whose thread ends with an exception: they fail, and do not stay RUNNING for ever."""

import logging
from collections.abc import Callable
from typing import Any

from localstack.aws.api.stepfunctions import ExecutionAbortedEventDetails, ExecutionFailedEventDetails, HistoryEventType
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.iteration_worker import (
    IterationWorker,
)
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.program_state import ProgramRunning, ProgramStopped
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

from localstack_plugin.replacing import replace, wrap

LOG = logging.getLogger(__name__)


def with_environment_at_once(original: Callable[[ExecutionWorker], None]) -> Callable[[ExecutionWorker], None]:
    def start(self: ExecutionWorker) -> None:
        self.env = self._get_evaluation_environment()
        self.env._program_state = ProgramRunning()
        original(self)

    return start


def once(original: Callable[[ExecutionWorker], Any]) -> Callable[[ExecutionWorker], Any]:
    def environment(self: ExecutionWorker) -> Any:
        return self.env if self.env is not None else original(self)

    return environment


def failing_the_execution(original: Callable[[ExecutionWorker], None]) -> Callable[[ExecutionWorker], None]:
    def run(self: ExecutionWorker) -> None:
        try:
            original(self)
        except Exception as error:  # noqa: BLE001 (the edge of a thread)
            end(self, error)

    return run


def end(worker: ExecutionWorker, error: Exception) -> None:
    """End the execution: with States.Runtime, unless it was stopped before its thread began."""
    env = worker.env = worker._get_evaluation_environment()
    if isinstance(stopped := env.program_state(), ProgramStopped):
        event_type = HistoryEventType.ExecutionAborted
        aborted = ExecutionAbortedEventDetails(error=stopped.error, cause=stopped.cause)
        details = EventDetails(executionAbortedEventDetails=aborted)
    else:
        LOG.error("The execution's thread ended with an exception.", exc_info=error)
        event_type = HistoryEventType.ExecutionFailed
        failed = ExecutionFailedEventDetails(error="States.Runtime", cause=f"{type(error).__name__}: {error}")
        env.set_error(failed)
        details = EventDetails(executionFailedEventDetails=failed)
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type, event_details=details)
    worker._execution_communication.terminated()


def work(self: IterationWorker) -> None:
    """Process items until there are none, one failed, or the state was stopped."""
    frame = self._env.open_frame()
    job = self._job_pool.next_job()
    while job is not None:
        job_frame = frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        frame.close_frame(job_frame)
        ended = isinstance(job.job_output, Exception) or self.stopped()
        following = None if ended else self._job_pool.next_job()
        if following is None:
            if not ended:
                frame.event_history_context.source_event_id = job_frame.event_history_context.last_published_event_id
            self._env.close_frame(frame)  # before the job: the state awaits jobs, not workers
        self._job_pool.close_job(job)
        job = following
    self._env.close_frame(frame)


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._execution_logic",
        wrapper=failing_the_execution,
        why="In LocalStack an exception in an execution's thread leaves the execution RUNNING. It fails the execution.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._get_evaluation_environment",
        wrapper=once,
        why="The environment that StopExecution needs is created when the execution starts, before its thread begins.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker.start",
        wrapper=with_environment_at_once,
        why="In LocalStack StopExecution answers InternalError until the execution's thread has begun. Here the "
        "environment that it stops exists from the start.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.iteration_worker"
        ":IterationWorker.eval",
        by=work,
        why="In LocalStack a worker of a Map calls itself for each item, and hangs after a few hundred items. Here it "
        "loops.",
    )
