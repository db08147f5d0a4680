"""The command `scones import`: search the files, plan, ask, create, and report what is missing.

Stages: `search` reads the files, `plan` decides which of them belong together and lists what cannot be imported; then
roles, layers, functions, topics, queues and activities are created, and finally the state machines that name them.
Everything keeps its name in the export. If something exists under that name, a function or state machine is replaced,
a layer gets a new version, and a role, topic, queue or activity stays as it is.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from scones.aws_errors import code_of, message_of
from scones.context import Context
from scones.deployment import consent
from scones.errors import ImportedFileError
from scones.importing import roles
from scones.importing.functions import FunctionPlan, FunctionWriter
from scones.importing.missing import exists, missing
from scones.importing.model import Place, StateMachine
from scones.importing.plan import Options, Plan, plan
from scones.importing.rebinding import Rebinding
from scones.importing.roles import DEFAULT_NAMES, FUNCTIONS, MACHINES, SAGEMAKER, Roles
from scones.importing.search import search

ROLE = "role/"
REFUSED_FUNCTION = {"InvalidParameterValueException", "RequestTooLargeException", "CodeStorageExceededException"}
REFUSED = {"InvalidDefinition", "ValidationException", "InvalidArn", "InvalidName", "StateMachineTypeNotSupported"}


def import_files(context: Context, source: Path, options: Options) -> None:
    """Import a file, or everything below a folder.

    Raises:
        ImportedFileError: there is nothing to import, or a state machine was refused.
    """
    place = Place(context.account, context.region)
    planned = plan(search(source, place), options, place)
    if planned.is_empty:
        for problem in planned.problems:
            context.console.warn(problem)
        raise ImportedFileError(f"{source} has no state machine, function or layer to import: see docs/import.md")
    counts = f"{len(planned.machines)} state machines, {len(planned.functions)} functions, {len(planned.layers)} layers"
    consent.require(context.settings, f"Import {counts} into {consent.place(context)}?")
    Import(context, planned).run()


@dataclass
class Import:
    """One run. `refused` has the names of the state machines that Step Functions did not accept."""

    context: Context
    plan: Plan
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        self._create_functions()
        queue_urls = self._create_named()
        rebinding = Rebinding(self.plan.place, queue_urls)
        for machine in self.plan.machines:
            self._create_machine(machine, json.dumps(rebinding.definition(machine.definition)))
        for problem in [*self.plan.problems, *missing(self.context, self.plan)]:
            self.context.console.warn(problem)
        if self.refused:
            raise ImportedFileError(f"{len(self.refused)} state machines were refused: {', '.join(self.refused)}")

    # ---- what machines call ----

    def _create_functions(self) -> None:
        writer = FunctionWriter(self.context.client("lambda"), self.context.code_bucket)
        for layer in self.plan.layers:
            self._done("Layer", layer.name, writer.publish_layer(layer))
        if not self.plan.functions:
            return
        role = self._role(DEFAULT_NAMES[FUNCTIONS], FUNCTIONS)
        for function in self.plan.functions:
            self._create_function(writer, function, role)

    def _create_function(self, writer: FunctionWriter, function: FunctionPlan, role: str) -> None:
        try:
            is_new = writer.write(function, role)
        except ImportedFileError as error:
            self.plan.problems.append(f"function {function.name}: {error}")
        except ClientError as error:
            if code_of(error) not in REFUSED_FUNCTION:
                raise
            self.plan.problems.append(f"function {function.name} was refused: {message_of(error)}")
        else:
            verb = "created" if is_new else "replaced"
            self._done("Function", function.name, f"{verb} from {function.code.source}")

    def _create_named(self) -> dict[str, str]:
        """Create the topics, activities, roles and queues that definitions name. Return the queues' URLs by name."""
        references = self.plan.references
        sns, sqs, states = (self.context.client(name) for name in ("sns", "sqs", "stepfunctions"))
        for name in references.roles:
            self._role(name, SAGEMAKER)
        for name in references.topics:
            self._done("Topic", name, sns.create_topic(Name=name)["TopicArn"])
        for name in references.activities:
            self._done("Activity", name, states.create_activity(name=name)["activityArn"])
        urls: dict[str, str] = {}
        for name in references.queues:
            fifo = {"Attributes": {"FifoQueue": "true"}} if name.endswith(".fifo") else {}
            urls[name] = sqs.create_queue(QueueName=name, **fifo)["QueueUrl"]
            self._done("Queue", name, urls[name])
        return urls

    def _role(self, name: str, service: str) -> str:
        place = self.plan.place
        statements = {
            FUNCTIONS: lambda: roles.of_functions(place),
            MACHINES: lambda: roles.of_machines(place),
            SAGEMAKER: roles.of_jobs,
        }[service]()
        arn, is_new = Roles(self.context.client("iam"), place).ensure(name, service, statements)
        if is_new:
            self._done("Role", name, arn)
        return arn

    # ---- machines ----

    def _create_machine(self, machine: StateMachine, definition: str) -> None:
        states = self.context.client("stepfunctions")
        name = machine.role.partition(f":{ROLE}")[2] or DEFAULT_NAMES[MACHINES]
        request = {"definition": definition, "roleArn": self._role(name, MACHINES)}
        arn = f"arn:aws:states:{self.plan.place.region}:{self.plan.place.account}:stateMachine:{machine.name}"
        try:
            if exists(states.describe_state_machine, stateMachineArn=arn):
                states.update_state_machine(stateMachineArn=arn, **request)
            else:
                states.create_state_machine(name=machine.name, type=machine.kind, **request)
        except ClientError as error:
            if code_of(error) not in REFUSED:
                raise
            self.refused.append(machine.name)
            self.plan.problems.append(f"state machine {machine.name} was refused: {message_of(error)}")
            return
        self._done("State machine", machine.name, arn)

    def _done(self, kind: str, name: str, what: str) -> None:
        self.context.console.done(f"{kind} {name}: {what}")
