"""A save in LocalStack's interpreter: `restart_ending.py FOLDER` ends an execution when its save has been planned."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from localstack.aws.api.stepfunctions import ExecutionStatus, StateMachineType
from localstack.services.stepfunctions.backend.execution import Execution
from localstack.services.stepfunctions.backend.state_machine import StateMachineRevision
from localstack.services.stepfunctions.backend.store import sfn_stores

from localstack_plugin.persistence.changes import Changes
from localstack_plugin.persistence.object_files import ObjectFolder
from localstack_plugin.persistence.saving import Plan, Progress, Saver
from localstack_plugin.persistence.state_folder import StateFolder

ARN = "arn:aws:states:us-east-1:000000000000:execution:machine:ends"


class LateSaver(Saver):
    """An execution ends between the plan of a save and the fork."""

    def _plan(self, changed: frozenset[str]) -> Plan:
        plan = super()._plan(changed)
        execution.stop_date, execution.exec_status = datetime.now(UTC), ExecutionStatus.SUCCEEDED
        return plan


execution, machine = object.__new__(Execution), object.__new__(StateMachineRevision)
vars(machine).update(arn="arn:aws:states:us-east-1:000000000000:stateMachine:machine", revision_id="", definition="{}")
vars(execution).update(
    exec_arn=ARN,
    state_machine=machine,
    state_machine_arn=machine.arn,
    sm_type=StateMachineType.STANDARD,
    exec_status=ExecutionStatus.RUNNING,
    exec_worker=None,
    stop_date=None,
)
sfn_stores["000000000000"]["us-east-1"].executions[ARN] = execution
folder, changes = StateFolder(Path(sys.argv[1])), Changes()
folder.create()
changes.mark("stepfunctions")
LateSaver(folder, ObjectFolder(folder.objects), changes, Progress()).save()
