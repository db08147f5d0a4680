"""An invocation that finds no idle execution environment has LocalStack start another, however many start already.
Where a start costs half a second of a laptop's core, fifty at once are slower than a short queue; here an invocation
waits a moment for an environment of its function to come free, and no more start at once than there are cores.

AWS, with cores to spare, starts them all. Concurrency is not bounded here either: who waits in vain gets one started.
"""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from localstack.services.lambda_.invocation import lambda_service
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment, InvalidStatusException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InitializationType

from localstack_plugin.replacing import replace

ON_DEMAND = "on-demand"
PATIENCE_S = 0.1
"""A third of what a start of a function with boto3 costs: beside it, to wait in vain is cheap."""
STARTS_AT_ONCE = os.cpu_count() or 2
LONGEST_WAIT_S = 2.0
"""For a start of its own, behind others that take long."""

LOG = logging.getLogger(__name__)


class WarmAssignmentService(AssignmentService):
    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._starting: Counter[str] = Counter()
        """By version manager."""

    @contextmanager
    def get_environment(
        self, version_manager_id: str, function_version: FunctionVersion, provisioning_type: InitializationType
    ) -> Iterator[ExecutionEnvironment]:
        if provisioning_type != ON_DEMAND:
            with super().get_environment(version_manager_id, function_version, provisioning_type) as provisioned:
                yield provisioned
            return
        environment = self._warm(version_manager_id) or self._started(version_manager_id, function_version)
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
            self._tell()

    def _warm(self, version_manager_id: str) -> ExecutionEnvironment | None:
        """One that was idle, or came free in time; it is reserved. None: the caller may start one, and is counted."""
        began = time.monotonic()
        with self._changed:
            while (environment := self._reserved(version_manager_id)) is None:
                waited_s = time.monotonic() - began
                starting = self._starting[version_manager_id]
                patience_s = PATIENCE_S if self._on_demand(version_manager_id) or starting else 0.0
                if waited_s >= (patience_s if starting < STARTS_AT_ONCE else LONGEST_WAIT_S):
                    self._starting[version_manager_id] += 1
                    return None
                self._changed.wait(PATIENCE_S)
            return environment

    def _started(self, version_manager_id: str, function_version: FunctionVersion) -> ExecutionEnvironment:
        try:
            environment = self.start_environment(version_manager_id, function_version)
            environment.reserve()
            self.environments[version_manager_id][environment.id] = environment
        finally:
            with self._changed:
                self._starting[version_manager_id] -= 1
                self._changed.notify_all()
        return environment

    def _reserved(self, version_manager_id: str) -> ExecutionEnvironment | None:
        for environment in self._on_demand(version_manager_id):
            try:
                environment.reserve()
            except InvalidStatusException:
                continue
            return environment
        return None

    def _on_demand(self, version_manager_id: str) -> list[ExecutionEnvironment]:
        environments = list(self.environments[version_manager_id].values())
        return [environment for environment in environments if environment.initialization_type == ON_DEMAND]

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()


def install() -> None:
    replace(lambda_service, "AssignmentService", WarmAssignmentService)
