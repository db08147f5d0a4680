"""The assignment of invocations to execution environments, which stay warm between invocations.

LocalStack starts an environment for every invocation that finds none idle, however many are starting already. A start
costs half a second of a core, so on a laptop fifty at once are slower than a short queue. Here an invocation waits for
an environment of its function version to come free, unless a start is expected to be faster, or callers have been
waiting for a second without a break. AWS, with cores to spare, starts them all; concurrency is not limited here either:
where invocations take long, each gets its own environment.

Stages of an invocation (`get_environment`, a context manager that LocalStack enters around each one):

1. `_warm` reserves an idle environment. If there is none, it asks the version's StartPolicy, again whenever the
   version's state changes and about every 0.1 s, until an environment comes free or the policy says that this
   caller should start one.
2. `_started` starts one, if `_warm` returned None: LocalStack makes the ExecutionEnvironment, which makes our executor,
   which starts the process (`executor`, `execution_environment`, `process`).
3. The invocation runs inside the `with` block. The environment is then released and idle; after an error it is stopped.
4. The policy learns how long it took, and one waiting caller is woken.

Idle environments end by LocalStack's own time-out, with `idle_timers` as its timers. When a function is updated or
deleted, LocalStack calls `stop_environments_for_version`.

Threads. Each invocation is a thread of LocalStack, or a greenlet of the event loop, and goes through all stages. No
thread belongs to this module.

Locks. Each version has one Condition, `StartPolicy.changed`. It protects the policy's numbers, and is never held during
a start, an invocation or a stop. `environments`, LocalStack's dictionary, is changed by other threads without a lock:
`_reserved` iterates over a copy, and `reserve` of an environment is atomic and fails for all callers but one.

Invariants, each per version:

- A caller is counted in exactly one of `waiting`, `starting` and `began`. `_warm` moves it from the first to the
  second or third under one hold of the lock, so no two callers start an environment for the same reason.
- An environment that was started is reserved before it is put into `environments`, so the caller that waited for the
  start gets it.
- A released environment can be reserved before the invocation that released it is counted as ended. Invocations are
  therefore counted by a number of their own, not by their environment.
- After `is_stopped` is set, nothing is added to `environments`: a caller whose start ends later stops its environment
  itself. Waiting callers are woken and fail.
- At most STARTS_AT_ONCE environments start at once, or MOST_STARTS_AT_ONCE if a caller has waited for LONGEST_WAIT_S.
"""

import logging
import time
from contextlib import AbstractContextManager
from functools import partial

from localstack.services.lambda_.invocation.assignment import AssignmentException, AssignmentService
from localstack.services.lambda_.invocation.execution_environment import (
    ExecutionEnvironment,
    InvalidStatusException,
    RuntimeStatus,
)
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InitializationType

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.lambda_executor.warm_environments.start_policy import StartPolicy
from localstack_plugin.replacing import replace

ON_DEMAND = "on-demand"
LOOK_AGAIN_S = 0.1
"""How often one of the callers that wait asks the policy again."""
LONGEST_LOOK_S = 1.0
"""How long each of many callers waits before it asks again: to wake them all takes the processor from the functions."""
START_TIMEOUT_S = 300
"""How long LocalStack lets a start take. The executor itself limits the initialization, as Lambda does."""
SHUT_DOWN = "The function was deleted or updated while its invocation waited."

Assigned = tuple[ExecutionEnvironment, int]
"""An environment, and the number by which the policy knows the invocation."""

LOG = logging.getLogger(__name__)


class WarmAssignmentService(AssignmentService):
    """LocalStack's AssignmentService, for which one policy per function version decides on starts."""

    def __init__(self) -> None:
        super().__init__()
        self._policies: dict[str, StartPolicy] = {}
        """By the id of LocalStack's version manager."""

    def get_environment(
        self, version_manager_id: str, function_version: FunctionVersion, provisioning_type: InitializationType
    ) -> AbstractContextManager[ExecutionEnvironment]:
        if provisioning_type != ON_DEMAND:
            provisioned: AbstractContextManager[ExecutionEnvironment] = super().get_environment(
                version_manager_id, function_version, provisioning_type
            )
            return provisioned
        policy = self._policy(version_manager_id)
        assigned = self._warm(version_manager_id, policy) or self._started(version_manager_id, function_version, policy)
        return Assignment(self, policy, *assigned)

    def stop_environment(self, environment: ExecutionEnvironment) -> None:
        in_a_thread(partial(super().stop_environment, environment))

    def stop_environments_for_version(self, version_manager_id: str) -> None:
        """Stop the version's environments. One that is still starting is stopped by the caller that starts it."""
        policy = self._policy(version_manager_id)
        with policy.changed:
            policy.is_stopped = True
            policy.changed.notify_all()
        super().stop_environments_for_version(version_manager_id)
        self._policies.pop(version_manager_id, None)

    def _policy(self, version_manager_id: str) -> StartPolicy:
        policy = self._policies.get(version_manager_id)
        if policy is None:  # not a defaultdict, which would give each of several first callers a policy of its own
            policy = self._policies.setdefault(version_manager_id, StartPolicy())
        return policy

    def _warm(self, version_manager_id: str, policy: StartPolicy) -> Assigned | None:
        """Return a reserved environment that was idle or came free in time, and the number of the invocation.

        None: the caller must start one, and is already counted in `starting`.
        """
        began = time.monotonic()
        with policy.changed:
            policy.queue(began)
            try:
                while (environment := self._reserved(version_manager_id)) is None:
                    if policy.is_stopped:
                        raise AssignmentException(SHUT_DOWN)
                    now = time.monotonic()
                    if policy.needs_a_start(now, now - began):
                        policy.start_began(now)
                        return None
                    policy.changed.wait(min(LOOK_AGAIN_S * policy.waiting, LONGEST_LOOK_S))
                return environment, policy.invocation_began(time.monotonic())
            finally:
                policy.waiting -= 1

    def _started(self, version_manager_id: str, function_version: FunctionVersion, policy: StartPolicy) -> Assigned:
        began, environment, invocation = time.monotonic(), None, 0
        try:
            environment = in_a_thread(lambda: self.start_environment(version_manager_id, function_version))
            environment.reserve()  # before it can be found in `environments`
        finally:
            with policy.changed:
                policy.starting -= 1
                if environment is not None and not policy.is_stopped:
                    now = time.monotonic()
                    policy.start_s = now - began
                    invocation = policy.invocation_began(now)
                    self.environments[version_manager_id][environment.id] = environment
                policy.changed.notify()
        if policy.is_stopped:
            in_a_thread(environment.stop)
            raise AssignmentException(SHUT_DOWN)
        return environment, invocation

    def _reserved(self, version_manager_id: str) -> ExecutionEnvironment | None:
        for environment in list(self.environments[version_manager_id].values()):
            if environment.status is RuntimeStatus.READY and environment.initialization_type == ON_DEMAND:
                try:
                    environment.reserve()
                except InvalidStatusException:
                    continue  # another caller was faster
                return environment
        return None


class Assignment:
    """One invocation's use of an environment. Not a generator, which would cost each invocation some frames."""

    def __init__(
        self, service: WarmAssignmentService, policy: StartPolicy, environment: ExecutionEnvironment, invocation: int
    ) -> None:
        self._service, self._policy = service, policy
        self._environment, self._invocation = environment, invocation

    def __enter__(self) -> ExecutionEnvironment:
        return self._environment

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        try:
            return self._is_settled(error)
        finally:
            with self._policy.changed:
                self._policy.invocation_ended(self._invocation, time.monotonic())
                self._policy.changed.notify()

    def _is_settled(self, error: BaseException | None) -> bool:
        """Release or stop the environment. Return whether that settles the error, too."""
        try:
            if error is not None:
                raise error
            self._environment.release()
        except InvalidStatusException as invalid:  # it was stopped during the invocation
            LOG.error("InvalidStatusException: %s", invalid)
        except Exception as failure:  # noqa: BLE001 - it is raised again, and the environment is not to be used again
            LOG.error("Failed invocation <%s>: %s", type(failure), failure)
            self._service.stop_environment(self._environment)
            return False
        return True


def install() -> None:
    replace(
        "localstack.services.lambda_.invocation.lambda_service:AssignmentService",
        by=WarmAssignmentService,
        why="LocalStack starts an execution environment for every invocation that finds none idle. Here it starts one "
        "if that is expected to be faster than waiting, or if callers have been waiting for a second, and at most four "
        "for each core at once.",
    )
    replace(
        "localstack.services.lambda_.invocation.execution_environment:STARTUP_TIMEOUT_SEC",
        by=START_TIMEOUT_S,
        why="LocalStack stops an environment that has not started within 20 s, and then uses it: on a busy machine, "
        "invocations end with ServiceException. The executor limits the initialization itself, as Lambda does, so this "
        "limit is longer.",
    )
