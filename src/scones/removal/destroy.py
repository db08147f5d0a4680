"""The command `scones destroy`: remove what the other commands created, and nothing else.

It also works when some of it has been removed already. The order matters: executions are stopped first, because a
running one could create an endpoint later, and the endpoint, which costs the most, is removed next.
"""

from functools import partial

from scones.buckets import Bucket
from scones.classify import batch
from scones.context import Context
from scones.dataset.staged import survey
from scones.deployment import consent, endpoint
from scones.monitoring import places
from scones.pipeline import pipeline
from scones.removal import jobs_and_logs
from scones.removal.outcome import Outcome, Resources
from scones.stack.cloudformation import Stack
from scones.stack.description import StackDescription
from scones.stack.outputs import STATE_MACHINE, stack_of


def destroy(context: Context) -> Outcome:
    agree(context)
    outcome = Outcome()
    remove_all(context, outcome)
    for name in outcome.removed:
        context.console.say(f"Removed {name}")
    for reason in outcome.kept:
        context.console.say(f"Kept {reason}")
    done = "Everything is removed" if outcome.removed else "There was nothing to remove"
    context.console.done(f"{done}, except what is kept" if outcome.kept else done)
    return outcome


def agree(context: Context) -> None:
    settings = context.settings
    if not settings.confirm:
        return
    context.console.say(f"Account {context.account}, {context.region}, profile {settings.target}")
    context.console.say(
        f"Endpoint {settings.endpoint_name} with its models, training jobs and logs; stack {settings.stack}; "
        f"this project's objects in s3://{context.data_bucket.name}"
    )
    consent.require(settings, f"Delete all of it from {consent.place(context)}?")


def remove_all(context: Context, outcome: Outcome) -> None:
    """Remove everything, or only what is the endpoint's when another profile uses the stack and the bucket, too."""
    if context.settings.stack_shared_with:
        remove_own(context, context.settings.stack_shared_with, outcome)
    else:
        remove_stack_and_all(context, outcome)


def remove_own(context: Context, other: str, outcome: Outcome) -> None:
    """Remove what bears the endpoint's name, and name what is kept for the other profile."""
    settings, bucket = context.settings, context.data_bucket
    resources = Resources(context.client("sagemaker"), f"{settings.endpoint_name}-")
    remove_endpoint(context, resources, outcome)
    remove_configs_and_models(resources, outcome)
    jobs_and_logs.remove_training_jobs(resources, outcome)
    jobs_and_logs.remove_logs(context.client("logs"), settings.endpoint_name, outcome)
    if not bucket.exists():
        return
    keys = {key for prefix in own_prefixes(context) for key in bucket.etags(prefix)}
    if count := bucket.delete_all(keys):
        outcome.removed.append(f"{count} objects in s3://{bucket.name}")
    outcome.kept.append(
        f"stack {settings.stack} and bucket {bucket.name}: the profile {other} uses them, too "
        f"(AWS_PROFILE={other} scones destroy removes them)"
    )


def remove_stack_and_all(context: Context, outcome: Outcome) -> None:
    settings, stack = context.settings, stack_of(context)
    resources = Resources(context.client("sagemaker"), f"{settings.endpoint_name}-")
    description = stack.describe()
    stop_executions(context, stack, description, outcome)
    remove_endpoint(context, resources, outcome)
    remove_configs_and_models(resources, outcome)
    jobs_and_logs.remove_training_jobs(resources, outcome)
    remove_stack(context, stack, description, outcome)
    jobs_and_logs.remove_logs(context.client("logs"), settings.endpoint_name, outcome)
    remove_objects(context, outcome)
    remove_code(context, outcome)
    if settings.role:
        outcome.kept.append(f"role {settings.role}: it is named in the settings, not created by this project")


def stop_executions(context: Context, stack: Stack, description: StackDescription | None, outcome: Outcome) -> None:
    """Stop the running executions of all state machines in our stack."""
    if description is None or not description.is_ours:
        return
    stepfunctions = context.client("stepfunctions")
    for machine in stack.resources(STATE_MACHINE).values():
        pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
        running = [item["executionArn"] for page in pages for item in page["executions"]]
        for execution in running:
            stepfunctions.stop_execution(executionArn=execution, error="Destroyed", cause="scones destroy")
        if running:
            outcome.removed.append(f"{len(running)} running executions (stopped)")


def remove_endpoint(context: Context, resources: Resources, outcome: Outcome) -> None:
    name = context.settings.endpoint_name
    if (description := endpoint.describe(resources.sagemaker, name)) is not None:
        is_ours = resources.is_ours(description["EndpointArn"])
        outcome.remove(f"endpoint {name}", is_ours, lambda: endpoint.delete(context, name))


def remove_configs_and_models(resources: Resources, outcome: Outcome) -> None:
    sagemaker = resources.sagemaker
    for item in resources.named("list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name, is_ours = item["EndpointConfigName"], resources.is_ours(item["EndpointConfigArn"])
        delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        outcome.remove(f"endpoint config {name}", is_ours, delete)
    for item in resources.named("list_models", "Models", "Model"):
        name, is_ours = item["ModelName"], resources.is_ours(item["ModelArn"])
        outcome.remove(f"model {name}", is_ours, partial(sagemaker.delete_model, ModelName=name))


def remove_stack(context: Context, stack: Stack, description: StackDescription | None, outcome: Outcome) -> None:
    if description is None:
        return
    if description.is_ours:
        jobs_and_logs.remove_model_packages(context.model_registry, context.settings.endpoint_name, outcome)
    outcome.remove(f"stack {stack.name} with all of its resources", description.is_ours, stack.delete)


def remove_objects(context: Context, outcome: Outcome) -> None:
    bucket = context.data_bucket
    if bucket.exists():
        empty_bucket(bucket, our_keys(context), outcome)


def our_keys(context: Context) -> set[str]:
    """Return the keys that the commands wrote: images by the manifests, everything else by its prefix."""
    prefixes = (*own_prefixes(context), f"{batch.PREFIX}/batch-")
    bucket = context.data_bucket
    return survey(bucket).own_keys | {key for prefix in prefixes for key in bucket.etags(prefix)}


def own_prefixes(context: Context) -> tuple[str, ...]:
    """Return the prefixes of keys that contain the endpoint's name."""
    name = context.settings.endpoint_name
    return (
        f"models/{name}-",
        *context.sagemaker.record_prefixes(f"{name}-"),
        f"{pipeline.EVALUATIONS}/{name}-",
        f"{endpoint.CAPTURE}/{name}/",
        f"{places.folder_of(name)}/",
        f"{places.GROUND_TRUTH}/{name}/",
    )


def remove_code(context: Context, outcome: Outcome) -> None:
    """Remove the stack's code. Other stacks of the account have theirs in the same bucket."""
    bucket = context.code_bucket
    if bucket.exists():
        empty_bucket(bucket, set(bucket.etags(f"{context.settings.stack}/")), outcome)


def empty_bucket(bucket: Bucket, keys: set[str], outcome: Outcome) -> None:
    """Delete the keys, and then the bucket if it is ours and empty."""
    if count := bucket.delete_all(keys):
        outcome.removed.append(f"{count} objects in s3://{bucket.name}")
    remaining, is_ours = len(bucket.etags("")), bucket.is_ours()
    if remaining and is_ours:
        outcome.kept.append(f"bucket {bucket.name}: it holds {remaining} objects that this project did not put there")
    else:
        outcome.remove(f"bucket {bucket.name}", is_ours, bucket.delete)
