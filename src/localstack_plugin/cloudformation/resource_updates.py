"""Updates of resources that LocalStack can only create, and the retention of log groups."""

import json
from typing import Any, TypeAlias

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import CloudWatchAlarmProvider
from localstack.services.events.resource_providers.aws_events_rule import EventsRuleProvider
from localstack.services.iam.resource_providers.aws_iam_role import IAMRoleProvider
from localstack.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider
from localstack.services.s3.resource_providers.aws_s3_bucketpolicy import S3BucketPolicyProvider
from localstack.services.sqs.resource_providers.aws_sqs_queue import SQSQueueProvider

from localstack_plugin.replacing import replace, wrap

Model = dict[str, Any]
Request: TypeAlias = ResourceRequest[Model]
Event: TypeAlias = ProgressEvent[Model]


def install() -> None:
    replace(
        "localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm:CloudWatchAlarmProvider.update",
        by=CloudWatchAlarmProvider.create,
        why="LocalStack cannot update an alarm. It is created again, which overwrites it.",
    )
    replace(
        "localstack.services.s3.resource_providers.aws_s3_bucketpolicy:S3BucketPolicyProvider.update",
        by=S3BucketPolicyProvider.create,
        why="LocalStack cannot update a bucket policy. It is created again, which overwrites it.",
    )
    replace(
        "localstack.services.events.resource_providers.aws_events_rule:EventsRuleProvider.update",
        by=update_rule,
        why="LocalStack cannot update a rule. It is created again, which overwrites it; targets that it no longer has "
        "are removed first.",
    )
    replace(
        "localstack.services.iam.resource_providers.aws_iam_role:IAMRoleProvider.update",
        by=update_role,
        why="LocalStack cannot update a role. Trust policy, description and inline policies are updated.",
    )
    wrap(
        "localstack.services.logs.resource_providers.aws_logs_loggroup:LogsLogGroupProvider.create",
        wrapper=_with_retention,
        why="LocalStack ignores the retention of a log group. It is set.",
    )
    replace(
        "localstack.services.logs.resource_providers.aws_logs_loggroup:LogsLogGroupProvider.update",
        by=update_log_group,
        why="LocalStack cannot update a log group. Its retention is updated.",
    )
    replace(
        "localstack.services.sqs.resource_providers.aws_sqs_queue:SQSQueueProvider.update",
        by=update_queue,
        why="LocalStack cannot update a queue. Its attributes are updated.",
    )


def update_rule(provider: EventsRuleProvider, request: Request) -> Event:
    previous, desired = _targets(request.previous_state), _targets(request.desired_state)
    if removed := sorted(previous - desired):
        events = request.aws_client_factory.events
        events.remove_targets(Rule=request.desired_state["Name"], Ids=removed)
    return provider.create(request)


def _targets(model: Model | None) -> set[str]:
    return {target["Id"] for target in (model or {}).get("Targets") or ()}


def update_role(provider: IAMRoleProvider, request: Request) -> Event:
    """Update trust policy, description and inline policies; other changes are replacements or not supported."""
    assert request.previous_state is not None
    iam, desired, name = request.aws_client_factory.iam, request.desired_state, request.previous_state["RoleName"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(desired["AssumeRolePolicyDocument"]))
    iam.update_role(RoleName=name, Description=desired.get("Description", ""))
    policies = {policy["PolicyName"]: policy["PolicyDocument"] for policy in desired.get("Policies", [])}
    for removed in set(iam.list_role_policies(RoleName=name)["PolicyNames"]) - set(policies):
        iam.delete_role_policy(RoleName=name, PolicyName=removed)
    for policy, document in policies.items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
    read_only = {key: request.previous_state[key] for key in ("RoleName", "Arn", "RoleId")}
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=desired | read_only)


def _with_retention(original: Any) -> Any:
    def create(provider: LogsLogGroupProvider, request: Request) -> Event:
        event = original(provider, request)
        put_retention(request, event.resource_model)
        return event

    return create


def update_log_group(provider: LogsLogGroupProvider, request: Request) -> Event:
    assert request.previous_state is not None
    read_only = {key: request.previous_state[key] for key in ("LogGroupName", "Arn")}
    model = request.desired_state | read_only
    put_retention(request, model)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)


def put_retention(request: Request, model: Model) -> None:
    logs, name = request.aws_client_factory.logs, model["LogGroupName"]
    if days := model.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
    else:
        logs.delete_retention_policy(logGroupName=name)


def update_queue(provider: SQSQueueProvider, request: Request) -> Event:
    """Update the attributes. Another name is a replacement, which the engine performs."""
    assert request.previous_state is not None
    read_only = {key: request.previous_state[key] for key in ("QueueName", "QueueUrl", "Arn")}
    model = request.desired_state | read_only
    attributes = provider._compile_sqs_queue_attributes(model)
    request.aws_client_factory.sqs.set_queue_attributes(QueueUrl=model["QueueUrl"], Attributes=attributes)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
