"""Step 4: the functions and the state machine, as a stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from scones import bucket, packaging
from scones.errors import MissingError
from scones.kit import Kit
from scones.packaging import Artifact
from scones.stack import USABLE, Stack

FUNCTIONS = {"SerializeCode": "serialize", "ClassifyCode": "classify", "FilterCode": "filter"}
DEFINITION = "classify"


@dataclass(frozen=True)
class Workflow:
    state_machine: str
    threshold: float


def stack_of(kit: Kit) -> Stack:
    return Stack(kit.settings.stack, kit.client("cloudformation"), kit.console)


def artifacts(kit: Kit) -> dict[str, Artifact]:
    """By the template's parameter."""
    project = kit.settings.project
    found = {parameter: packaging.function(project, name) for parameter, name in FUNCTIONS.items()}
    return found | {"ClassifyDefinition": packaging.definition(project, DEFINITION)}


def upload(kit: Kit, found: Mapping[str, Artifact]) -> None:
    for artifact in found.values():
        if not bucket.has(kit, artifact.key):
            kit.client("s3").put_object(Bucket=kit.bucket, Key=artifact.key, Body=artifact.data)
            kit.console.say(f"Put s3://{kit.bucket}/{artifact.key}")


def workflow(kit: Kit) -> Workflow:
    template = kit.settings.project / "template.yaml"
    if not template.is_file():
        raise MissingError(f"there is no {template}: run from a whole checkout of the project")
    found = artifacts(kit)
    bucket.ensure(kit)
    upload(kit, found)
    parameters = {
        "Bucket": kit.bucket,
        "MakeBucket": "no",
        "CodeBucket": kit.bucket,
        "EndpointName": kit.settings.endpoint_name,
        "Threshold": f"{kit.settings.threshold:g}",
        **{parameter: artifact.key for parameter, artifact in found.items()},
    }
    changed = stack_of(kit).deploy(template.read_text(), parameters)
    deployed = require_deployed(kit)
    how = "is deployed" if changed else "is deployed already, nothing has changed"
    kit.console.done(f"Stack {kit.settings.stack} {how}: {deployed.state_machine}")
    return deployed


def require_deployed(kit: Kit) -> Workflow:
    found = stack_of(kit).describe()
    if found is None or found["StackStatus"] not in USABLE:
        status = "is not there" if found is None else f"is {found['StackStatus']}"
        raise MissingError(f"stack {kit.settings.stack} {status}: run `scones workflow` first")
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    parameters = {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}
    if "StateMachineArn" not in outputs:
        raise MissingError(f"stack {kit.settings.stack} has no output StateMachineArn: run `scones workflow` again")
    return Workflow(outputs["StateMachineArn"], float(parameters["Threshold"]))
