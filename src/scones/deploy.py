"""Step 1: everything that lasts but the endpoint, as one stack. The same for every account, local ones too."""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from botocore.exceptions import ClientError

from scones import bucket, consent, costs, endpoint, packaging, pipeline, workflow
from scones.errors import DENIED, MissingError, SettingsError, code_of
from scones.kit import PROJECT_TAG, Kit
from scones.packaging import Artifact
from scones.stack import DEAD, USABLE, Change
from scones.workflow import Workflow

YES, NO = "yes", "no"
CODE_PARAMETER = re.compile(r"\w+(Code|Definition)")
CODE = re.compile(r"^  (\w+)(Code|Definition):$", re.MULTILINE)


def spelt(name: str, joint: str) -> str:
    """ClassifyBatch as classify-batch or classify_batch."""
    return joint.join(re.findall(r"[A-Z][a-z0-9]*", name)).lower()


def artifacts(project: Path, template: str) -> dict[str, Artifact]:
    """What the stack is made from, as its parameters name it: SmokeTestCode is src/functions/smoke_test,
    ClassifyBatchDefinition local_stepfunctions/classify-batch.asl.json."""
    head = template.partition("\nResources:")[0]
    return {
        name + kind: packaging.function(project, spelt(name, "_"))
        if kind == "Code"
        else packaging.definition(project, spelt(name, "-"))
        for name, kind in CODE.findall(head)
    }


def code_key(kit: Kit, artifact: Artifact) -> str:
    """One deployment bucket serves all stacks of an account and region."""
    return f"{kit.settings.stack}/{artifact.key}"


def upload(kit: Kit, found: Mapping[str, Artifact]) -> None:
    s3, name = kit.client("s3"), kit.deployment_bucket
    if bucket.ensure(kit, name):
        kit.console.say(f"Made the bucket {name} for code: private, encrypted")
    present = bucket.etags(s3, name, f"{kit.settings.stack}/")
    for artifact in found.values():
        if (key := code_key(kit, artifact)) not in present:
            # the name can be guessed: somebody else's bucket of that name must not get our code
            s3.put_object(Bucket=name, Key=key, Body=artifact.data, ExpectedBucketOwner=kit.account)
            kit.console.say(f"Put s3://{name}/{key}")


def makes_bucket(kit: Kit) -> bool:
    """The stack makes the data bucket if nobody did; what it made, it keeps."""
    found = workflow.stack_of(kit).describe()
    deployed = workflow.parameters(found) if found is not None and found["StackStatus"] in USABLE else {}
    # a name that was not chosen can be guessed: somebody else may have taken it, and let us in
    owner = None if kit.settings.bucket else kit.account
    exists = bucket.exists(kit.client("s3"), kit.bucket, owner)
    if deployed.get("Bucket") != kit.bucket or deployed.get("MakeBucket") != YES:
        return not exists
    if not exists:
        raise MissingError(
            f"bucket {kit.bucket}, which stack {kit.settings.stack} made, was deleted by other means: "
            "run `scones destroy`, then `scones deploy`"
        )
    return True


def announce(kit: Kit) -> None:
    """A bucket that the stack did not make tells EventBridge of its objects too, where it is ours to say so."""
    s3, name = kit.client("s3"), kit.bucket
    try:
        found = s3.get_bucket_notification_configuration(Bucket=name)
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        found = {}
    found.pop("ResponseMetadata", None)
    if "EventBridgeConfiguration" in found:
        return
    if bucket.is_ours(s3, name):
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=found | {"EventBridgeConfiguration": {}}
        )
    else:
        kit.console.warn(
            f"Bucket {name} is not ours and does not say that it sends events to EventBridge: objects under incoming/ "
            "start nothing until that is turned on"
        )


def require_endpoint_for_scaling(kit: Kit) -> None:
    name = kit.settings.endpoint_name
    if kit.settings.endpoint_scaling and endpoint.describe(kit.client("sagemaker"), name) is None:
        raise SettingsError(
            f"ENDPOINT_SCALING is yes, and there is no endpoint {name}: deploy without it, run `scones endpoint`, "
            "and deploy again"
        )


def parameters(kit: Kit, found: Mapping[str, Artifact], made: bool) -> dict[str, str]:
    settings = kit.settings
    return {
        "Bucket": kit.bucket,
        "MakeBucket": YES if made else NO,
        "RoleArn": settings.role or "",
        "EndpointName": settings.endpoint_name,
        "EndpointScaling": YES if settings.endpoint_scaling else NO,
        "NotificationEmail": settings.notification_email or "",
        "Threshold": f"{settings.threshold:g}",
        "Classes": ",".join(settings.classes),
        "NearClasses": ",".join(settings.near_classes),
        "PipelineOnNewData": YES if settings.pipeline_on_new_data else NO,
        "PipelineInput": json.dumps(pipeline.given(kit)) if settings.pipeline_on_new_data else "{}",
        "CodeBucket": kit.deployment_bucket,
        **{parameter: code_key(kit, artifact) for parameter, artifact in found.items()},
    }


def show(kit: Kit, changes: list[Change]) -> None:
    rows = [(change.action, change.name, change.resource_type, change.replacement) for change in changes]
    kit.console.table(("Action", "Resource", "Type", "Replacement"), rows)


def agree(kit: Kit, template: str) -> None:
    if not kit.settings.confirm:
        return
    kit.console.say(f"Account {kit.account}, {kit.region}, profile {kit.settings.target}")
    for line in costs.lines(kit, template):
        kit.console.say(line)
    consent.require(kit, f"Deploy stack {kit.settings.stack} to account {kit.account} in {kit.region}?")


def deploy(kit: Kit) -> Workflow:
    file = kit.settings.project / "template.yaml"
    if not file.is_file():
        raise MissingError(f"there is no {file}: run from a whole checkout of the project")
    template = file.read_text()
    found = artifacts(kit.settings.project, template)
    require_endpoint_for_scaling(kit)
    remove_dead(kit)
    made = makes_bucket(kit)
    changed = change(kit, template, found, parameters(kit, found, made))
    if not made:
        announce(kit)
    deployed = workflow.require_deployed(kit)
    how = "is deployed" if changed else "is deployed already: nothing to change"
    kit.console.done(f"Stack {kit.settings.stack} {how}: {deployed.state_machine}")
    return deployed


def remove_dead(kit: Kit) -> None:
    """What a first deployment, or a deletion, that failed has left: it can only be deleted."""
    stack, name = workflow.stack_of(kit), kit.settings.stack
    found = stack.settled()
    if found is None or found["StackStatus"] not in DEAD or PROJECT_TAG not in found.get("Tags", []):
        return
    kit.console.warn(f"Stack {name} is {found['StackStatus']}, and can only be deleted: it must be made anew")
    consent.require(kit, f"Delete what is left of stack {name} from account {kit.account} in {kit.region}?")
    stack.delete()


def show_settings(kit: Kit, given: Mapping[str, str]) -> None:
    """A setting that was given last time and not this time goes back to its default: it should not do so unseen."""
    found = workflow.stack_of(kit).describe() or {}
    for name, before in workflow.parameters(found).items():
        if not CODE_PARAMETER.fullmatch(name) and given.get(name, before) != before:
            kit.console.say(f"{name}: {before or 'nothing'} → {given[name] or 'nothing'}")


def change(kit: Kit, template: str, found: Mapping[str, Artifact], given: Mapping[str, str]) -> bool:
    """False if there was nothing to change. Nothing is put anywhere before it is agreed to."""
    stack = workflow.stack_of(kit)
    change_set = stack.propose(template, given)
    if change_set is None:
        return False
    with ExitStack() as unless_executed:
        unless_executed.callback(stack.discard, change_set)
        show(kit, stack.changes(change_set))
        show_settings(kit, given)
        agree(kit, template)
        upload(kit, found)
        unless_executed.pop_all()
    stack.execute(change_set)
    return True
