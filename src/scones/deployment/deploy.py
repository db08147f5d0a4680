"""The command `scones deploy`: everything that lasts, except the endpoint, as one CloudFormation stack.

The stack is described once, when no operation on it is in progress. That description decides whether the stack creates
the data bucket, which settings have changed, and what kind of change set to create. Nothing is uploaded before the user
has seen the changes and agreed.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from botocore.exceptions import ClientError

from scones import documents, output_folder
from scones.aws_errors import DENIED, code_of
from scones.context import Context
from scones.deployment import consent, costs, endpoint, packaging
from scones.deployment.monitor_image import monitor_image
from scones.deployment.packaging import Artifact
from scones.deployment.pipeline_input import pipeline_input
from scones.errors import MissingError, SettingsError
from scones.stack.cloudformation import Change, Stack
from scones.stack.description import StackDescription
from scones.stack.outputs import Workflow, stack_of, workflow_in

YES, NO = "yes", "no"
CHANGES_SHOWN = 12
CODE_PARAMETER = re.compile(r"\w+(Code|Definition|Program)")


@dataclass(frozen=True)
class Plan:
    """What to deploy, and the values of the template's parameters."""

    template: str
    artifacts: Mapping[str, Artifact]
    parameters: Mapping[str, str]


def deploy(context: Context) -> Workflow:
    settings, console = context.settings, context.console
    template = read_template(context)
    artifacts = packaging.artifacts(settings.project, template)
    require_endpoint_for_scaling(context)
    stack = stack_of(context)
    current = delete_dead(context, stack, stack.settled())
    creates_bucket = stack_creates_bucket(context, current)
    plan = Plan(template, artifacts, parameters(context, artifacts, creates_bucket))
    changed = change(context, stack, current, plan)
    if not creates_bucket:
        send_events_of_bucket(context)
    workflow = workflow_in(stack, changed or current or stack.require())
    outcome = "is deployed" if changed else "is deployed already: nothing to change"
    console.done(f"Stack {settings.stack} {outcome}: {workflow.state_machine}")
    return workflow


def read_template(context: Context) -> str:
    file = context.settings.project / "template.yaml"
    if not file.is_file():
        raise MissingError(f"there is no {file}: run from a complete checkout of the project")
    return file.read_text()


def compact(template: str) -> str:
    """Return the template as JSON without spaces: CloudFormation takes 51,200 bytes in a request."""
    return json.dumps(documents.parse(template), separators=(",", ":"))


def require_endpoint_for_scaling(context: Context) -> None:
    name = context.settings.endpoint_name
    if context.settings.endpoint_scaling and endpoint.describe(context.client("sagemaker"), name) is None:
        raise SettingsError(
            f"ENDPOINT_SCALING is yes, but there is no endpoint {name}: deploy without it, run `scones endpoint`, "
            "and deploy again"
        )


def delete_dead(context: Context, stack: Stack, current: StackDescription | None) -> StackDescription | None:
    """Delete the stack, with consent, if a failed creation or deletion left it in a state that allows nothing else."""
    if current is None or not current.is_dead or not current.is_ours:
        return current
    context.console.warn(f"Stack {stack.name} is {current.status} and can only be deleted: it will be created again")
    question = f"Delete what is left of stack {stack.name} from {consent.place(context)}?"
    consent.require(context.settings, question)
    stack.delete()
    return None


def stack_creates_bucket(context: Context, current: StackDescription | None) -> bool:
    """Return whether the stack contains the data bucket: it does if nobody else has created the bucket.

    Somebody else can guess the default name, create that bucket and open it for us. So it must belong to this account.
    """
    bucket = context.data_bucket
    deployed = current.parameters if current is not None and current.is_usable else {}
    exists = bucket.exists(must_be_ours=context.settings.bucket is None)
    if deployed.get("Bucket") != bucket.name or deployed.get("MakeBucket") != YES:
        return not exists
    if not exists:
        raise MissingError(
            f"bucket {bucket.name} belongs to stack {context.settings.stack} but something else deleted it: "
            "run `scones destroy`, then `scones deploy`"
        )
    return True


def parameters(context: Context, artifacts: Mapping[str, Artifact], creates_bucket: bool) -> dict[str, str]:
    settings = context.settings
    starts_pipeline = settings.pipeline_on_new_data or settings.pipeline_on_drift
    return {
        "Bucket": context.data_bucket.name,
        "MakeBucket": YES if creates_bucket else NO,
        "RoleArn": settings.role or "",
        "EndpointName": settings.endpoint_name,
        "EndpointScaling": YES if settings.endpoint_scaling else NO,
        "NotificationEmail": settings.notification_email or "",
        "Threshold": f"{settings.threshold:g}",
        "Classes": ",".join(settings.classes),
        "NearClasses": ",".join(settings.near_classes),
        "PipelineOnNewData": YES if settings.pipeline_on_new_data else NO,
        "PipelineOnDrift": YES if settings.pipeline_on_drift else NO,
        "PipelineInput": json.dumps(pipeline_input(context)) if starts_pipeline else "{}",
        "MonitorSchedule": settings.monitor_schedule,
        "MonitorInstanceType": settings.monitor_instance_type,
        "MonitorImage": monitor_image(settings, context.region),
        "AlarmOnNoTraffic": YES if settings.alarm_on_no_traffic else NO,
        "CodeBucket": context.code_bucket.name,
        **{parameter: code_key(settings.stack, artifact) for parameter, artifact in artifacts.items()},
    }


def code_key(stack: str, artifact: Artifact) -> str:
    """Return the artifact's key. It begins with the stack's name because all stacks of an account share the bucket."""
    return f"{stack}/{artifact.key}"


def change(context: Context, stack: Stack, current: StackDescription | None, plan: Plan) -> StackDescription | None:
    """Change the stack after consent. Return its new description, or None if there was nothing to change."""
    change_set = stack.propose(compact(plan.template), plan.parameters, current)
    if change_set is None:
        return None
    with ExitStack() as unless_executed:
        unless_executed.callback(stack.discard, change_set)
        changes = stack.changes(change_set)
        show_changes(context, changes)
        show_changed_settings(context, current, plan.parameters)
        agree(context, plan.template)
        upload(context, plan.artifacts)
        unless_executed.pop_all()
    return stack.execute(change_set, len(changes))


def show_changes(context: Context, changes: list[Change]) -> None:
    """Show a few changes one by one, and many as counts by kind. A removal or replacement is always named.

    The file changes.txt in the folder of results has all.
    """
    headings = ("Action", "Resource", "Type", "Replacement")
    rows = [(change.action, change.name, change.resource_type, change.replacement) for change in changes]
    if len(changes) <= CHANGES_SHOWN:
        context.console.table(headings, rows)
        return
    for action, kinds in counted(changes).items():
        context.console.say(f"{action} {kinds.total()}: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}")
    if losses := [row for row in rows if row[0] == "Remove" or row[3]]:
        context.console.table(headings, losses)
    file = context.settings.out / "changes.txt"
    output_folder.write_whole(file, "".join(f"{'  '.join(row).rstrip()}\n" for row in rows))
    context.console.say(f"All {len(changes)} are in {file}")


def counted(changes: list[Change]) -> dict[str, Counter[str]]:
    """Return how many resources of each kind there are, by action: `AWS::SQS::Queue` counts as a Queue."""
    kinds: dict[str, Counter[str]] = {}
    for change in changes:
        kinds.setdefault(change.action, Counter())[change.resource_type.rpartition("::")[2]] += 1
    return kinds


def show_changed_settings(context: Context, current: StackDescription | None, parameters: Mapping[str, str]) -> None:
    """Show each parameter that changes: a setting that is no longer given silently returns to its default."""
    for name, before in (current.parameters if current else {}).items():
        after = parameters.get(name, before)
        if not CODE_PARAMETER.fullmatch(name) and after != before:
            context.console.say(f"{name}: {before or 'nothing'} → {after or 'nothing'}")


def agree(context: Context, template: str) -> None:
    settings = context.settings
    if not settings.confirm:
        return
    context.console.say(f"Account {context.account}, {context.region}, profile {settings.target}")
    for line in costs.lines(settings, template):
        context.console.say(line)
    consent.require(settings, f"Deploy stack {settings.stack} to {consent.place(context)}?")


def upload(context: Context, artifacts: Mapping[str, Artifact]) -> None:
    """Put the artifacts that are not in the code bucket yet."""
    bucket, stack = context.code_bucket, context.settings.stack
    if bucket.ensure():
        context.console.say(f"Created the bucket {bucket.name} for code: private, encrypted")
    present = bucket.etags(f"{stack}/")
    count = 0
    for artifact in artifacts.values():
        if (key := code_key(stack, artifact)) not in present:
            # Somebody else can guess the bucket's name and create it: do not send them the code.
            bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=artifact.data, ExpectedBucketOwner=context.account)
            count += 1
    if count:
        context.console.say(f"Put {count} new {'file' if count == 1 else 'files'} of code in {bucket.uri(f'{stack}/')}")


def send_events_of_bucket(context: Context) -> None:
    """Make a bucket outside the stack send its events to EventBridge, if the bucket is ours."""
    bucket = context.data_bucket
    try:
        configuration = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        configuration = {}
    configuration.pop("ResponseMetadata", None)
    if "EventBridgeConfiguration" in configuration:
        return
    if bucket.is_ours():
        bucket.s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration=configuration | {"EventBridgeConfiguration": {}}
        )
    else:
        context.console.warn(
            f"Bucket {bucket.name} was not created by this project and does not send its events to EventBridge: "
            "objects under incoming/ will not start the workflow until that is turned on"
        )
