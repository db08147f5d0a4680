"""Step 1: everything that lasts but the endpoint, as one stack. The same for every account, local ones too."""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from botocore.exceptions import ClientError

from scones import buckets
from scones.context import PROJECT_TAG, Context
from scones.deployment import consent, costs, endpoint, packaging
from scones.deployment.packaging import Artifact
from scones.errors import DENIED, MissingError, SettingsError, code_of
from scones.pipeline import pipeline_run
from scones.stack import outputs
from scones.stack.cloudformation import DEAD, USABLE, Change
from scones.stack.outputs import Workflow

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


def code_key(context: Context, artifact: Artifact) -> str:
    """One deployment bucket serves all stacks of an account and region."""
    return f"{context.settings.stack}/{artifact.key}"


def upload(context: Context, found: Mapping[str, Artifact]) -> None:
    s3, name = context.client("s3"), context.deployment_bucket
    if buckets.ensure(context, name):
        context.console.say(f"Made the bucket {name} for code: private, encrypted")
    present = buckets.etags(s3, name, f"{context.settings.stack}/")
    for artifact in found.values():
        if (key := code_key(context, artifact)) not in present:
            # the name can be guessed: somebody else's bucket of that name must not get our code
            s3.put_object(Bucket=name, Key=key, Body=artifact.data, ExpectedBucketOwner=context.account)
            context.console.say(f"Put s3://{name}/{key}")


def makes_bucket(context: Context) -> bool:
    """The stack makes the data bucket if nobody did; what it made, it keeps."""
    found = outputs.stack_of(context).describe()
    deployed = outputs.parameters(found) if found is not None and found["StackStatus"] in USABLE else {}
    # a name that was not chosen can be guessed: somebody else may have taken it, and let us in
    owner = None if context.settings.bucket else context.account
    exists = buckets.exists(context.client("s3"), context.bucket, owner)
    if deployed.get("Bucket") != context.bucket or deployed.get("MakeBucket") != YES:
        return not exists
    if not exists:
        raise MissingError(
            f"bucket {context.bucket}, which stack {context.settings.stack} made, was deleted by other means: "
            "run `scones destroy`, then `scones deploy`"
        )
    return True


def announce(context: Context) -> None:
    """A bucket that the stack did not make tells EventBridge of its objects too, where it is ours to say so."""
    s3, name = context.client("s3"), context.bucket
    try:
        found = s3.get_bucket_notification_configuration(Bucket=name)
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        found = {}
    found.pop("ResponseMetadata", None)
    if "EventBridgeConfiguration" in found:
        return
    if buckets.is_ours(s3, name):
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=found | {"EventBridgeConfiguration": {}}
        )
    else:
        context.console.warn(
            f"Bucket {name} is not ours and does not say that it sends events to EventBridge: objects under incoming/ "
            "start nothing until that is turned on"
        )


def require_endpoint_for_scaling(context: Context) -> None:
    name = context.settings.endpoint_name
    if context.settings.endpoint_scaling and endpoint.describe(context.client("sagemaker"), name) is None:
        raise SettingsError(
            f"ENDPOINT_SCALING is yes, and there is no endpoint {name}: deploy without it, run `scones endpoint`, "
            "and deploy again"
        )


def parameters(context: Context, found: Mapping[str, Artifact], made: bool) -> dict[str, str]:
    settings = context.settings
    return {
        "Bucket": context.bucket,
        "MakeBucket": YES if made else NO,
        "RoleArn": settings.role or "",
        "EndpointName": settings.endpoint_name,
        "EndpointScaling": YES if settings.endpoint_scaling else NO,
        "NotificationEmail": settings.notification_email or "",
        "Threshold": f"{settings.threshold:g}",
        "Classes": ",".join(settings.classes),
        "NearClasses": ",".join(settings.near_classes),
        "PipelineOnNewData": YES if settings.pipeline_on_new_data else NO,
        "PipelineInput": json.dumps(pipeline_run.given(context)) if settings.pipeline_on_new_data else "{}",
        "CodeBucket": context.deployment_bucket,
        **{parameter: code_key(context, artifact) for parameter, artifact in found.items()},
    }


def show(context: Context, changes: list[Change]) -> None:
    rows = [(change.action, change.name, change.resource_type, change.replacement) for change in changes]
    context.console.table(("Action", "Resource", "Type", "Replacement"), rows)


def agree(context: Context, template: str) -> None:
    if not context.settings.confirm:
        return
    context.console.say(f"Account {context.account}, {context.region}, profile {context.settings.target}")
    for line in costs.lines(context, template):
        context.console.say(line)
    consent.require(context, f"Deploy stack {context.settings.stack} to account {context.account} in {context.region}?")


def deploy(context: Context) -> Workflow:
    file = context.settings.project / "template.yaml"
    if not file.is_file():
        raise MissingError(f"there is no {file}: run from a whole checkout of the project")
    template = file.read_text()
    found = artifacts(context.settings.project, template)
    require_endpoint_for_scaling(context)
    remove_dead(context)
    made = makes_bucket(context)
    changed = change(context, template, found, parameters(context, found, made))
    if not made:
        announce(context)
    deployed = outputs.require_deployed(context)
    how = "is deployed" if changed else "is deployed already: nothing to change"
    context.console.done(f"Stack {context.settings.stack} {how}: {deployed.state_machine}")
    return deployed


def remove_dead(context: Context) -> None:
    """What a first deployment, or a deletion, that failed has left: it can only be deleted."""
    stack, name = outputs.stack_of(context), context.settings.stack
    found = stack.settled()
    if found is None or found["StackStatus"] not in DEAD or PROJECT_TAG not in found.get("Tags", []):
        return
    context.console.warn(f"Stack {name} is {found['StackStatus']}, and can only be deleted: it must be made anew")
    consent.require(context, f"Delete what is left of stack {name} from account {context.account} in {context.region}?")
    stack.delete()


def show_settings(context: Context, given: Mapping[str, str]) -> None:
    """A setting that was given last time and not this time goes back to its default: it should not do so unseen."""
    found = outputs.stack_of(context).describe() or {}
    for name, before in outputs.parameters(found).items():
        if not CODE_PARAMETER.fullmatch(name) and given.get(name, before) != before:
            context.console.say(f"{name}: {before or 'nothing'} → {given[name] or 'nothing'}")


def change(context: Context, template: str, found: Mapping[str, Artifact], given: Mapping[str, str]) -> bool:
    """False if there was nothing to change. Nothing is put anywhere before it is agreed to."""
    stack = outputs.stack_of(context)
    change_set = stack.propose(template, given)
    if change_set is None:
        return False
    with ExitStack() as unless_executed:
        unless_executed.callback(stack.discard, change_set)
        show(context, stack.changes(change_set))
        show_settings(context, given)
        agree(context, template)
        upload(context, found)
        unless_executed.pop_all()
    stack.execute(change_set)
    return True
