"""An invocation that finds no idle execution environment has LocalStack start another, however many start already.
Where a start costs half a second of a laptop's core, fifty at once are slower than a short queue; here an invocation
waits for an environment of its function to come free where that is expected to take less than a start, and no more
start at once than there are cores.

AWS, with cores to spare, starts them all. Concurrency is not bounded here either: where invocations take long, each
gets an environment of its own.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from localstack.services.lambda_.invocation import lambda_service
from localstack.services.lambda_.invocation.assignment import AssignmentException, AssignmentService
from localstack.services.lambda_.invocation.execution_environment import (
    ExecutionEnvironment,
    InvalidStatusException,
    RuntimeStatus,
)
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InitializationType

from localstack_plugin.lambda_executor.warm_environments.start_policy import Demand
from localstack_plugin.replacing import replace

ON_DEMAND = "on-demand"
LOOK_AGAIN_S = 0.1
SHUT_DOWN = "The function was deleted or updated while its invocation waited."

LOG = logging.getLogger(__name__)


class WarmAssignmentService(AssignmentService):
    def __init__(self) -> None:
        super().__init__()
        self._demands: defaultdict[str, Demand] = defaultdict(Demand)
        """By version manager."""

    @contextmanager
    def get_environment(
        self, version_manager_id: str, function_version: FunctionVersion, provisioning_type: InitializationType
    ) -> Iterator[ExecutionEnvironment]:
        if provisioning_type != ON_DEMAND:
            with super().get_environment(version_manager_id, function_version, provisioning_type) as provisioned:
                yield provisioned
            return
        demand = self._demands[version_manager_id]
        environment = self._warm(version_manager_id, demand) or self._started(
            version_manager_id, function_version, demand
        )
        try:
            yield environment
            environment.release()
        except InvalidStatusException as error:
            LOG.error("InvalidStatusException: %s", error)
        except Exception as error:
            LOG.error("Failed invocation <%s>: %s", type(error), error)
            self.stop_environment(environment)
            raise
        finally:
            with demand.changed:
                demand.has_ended(environment.id, time.monotonic())
                demand.changed.notify()

    def stop_environments_for_version(self, version_manager_id: str) -> None:
        """Those that are still starting are stopped by who starts them."""
        demand = self._demands[version_manager_id]
        with demand.changed:
            demand.is_stopped = True
            demand.changed.notify_all()
        super().stop_environments_for_version(version_manager_id)
        self._demands.pop(version_manager_id, None)

    def _warm(self, version_manager_id: str, demand: Demand) -> ExecutionEnvironment | None:
        """One that was idle, or came free in time; it is reserved. None: the caller is to start one, and is counted."""
        began = time.monotonic()
        with demand.changed:
            demand.waiting += 1
            try:
                while (environment := self._reserved(version_manager_id)) is None:
                    if demand.is_stopped:
                        raise AssignmentException(SHUT_DOWN)
                    now = time.monotonic()
                    if demand.calls_for_a_start(now, now - began):
                        demand.starting += 1
                        return None
                    demand.changed.wait(LOOK_AGAIN_S)
                demand.has_begun(environment.id, time.monotonic())
                return environment
            finally:
                demand.waiting -= 1

    def _started(
        self, version_manager_id: str, function_version: FunctionVersion, demand: Demand
    ) -> ExecutionEnvironment:
        began, environment = time.monotonic(), None
        try:
            environment = self.start_environment(version_manager_id, function_version)
            environment.reserve()
        finally:
            with demand.changed:
                demand.starting -= 1
                if environment is not None and not demand.is_stopped:
                    now = time.monotonic()
                    demand.start_s = now - began
                    demand.has_begun(environment.id, now)
                    self.environments[version_manager_id][environment.id] = environment
                demand.changed.notify()
        if demand.is_stopped:
            environment.stop()
            raise AssignmentException(SHUT_DOWN)
        return environment

    def _reserved(self, version_manager_id: str) -> ExecutionEnvironment | None:
        for environment in list(self.environments[version_manager_id].values()):
            if environment.status is RuntimeStatus.READY and environment.initialization_type == ON_DEMAND:
                try:
                    environment.reserve()
                except InvalidStatusException:
                    continue
                return environment
        return None


def install() -> None:
    replace(lambda_service, "AssignmentService", WarmAssignmentService)
