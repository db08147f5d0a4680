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
from scones.pipeline import pipeline
from scones.removal import jobs_and_logs
from scones.removal.account import Account, Resources
from scones.stack.cloudformation import Stack
from scones.stack.description import StackDescription
from scones.stack.outputs import STATE_MACHINE, stack_of


def destroy(context: Context) -> Account:
    agree(context)
    account = Account()
    remove_all(context, account)
    for name in account.removed:
        context.console.say(f"Removed {name}")
    for reason in account.kept:
        context.console.say(f"Kept {reason}")
    context.console.done("Everything is removed" if account.removed else "There was nothing to remove")
    return account


def agree(context: Context) -> None:
    settings = context.settings
    if not settings.confirm:
        return
    context.console.say(f"Account {context.account}, {context.region}, profile {settings.target}")
    context.console.say(
        f"Endpoint {settings.endpoint_name} with its models, training jobs and logs; stack {settings.stack}; "
        f"our objects in s3://{context.data_bucket.name}"
    )
    consent.require(settings, f"Delete all of it from {consent.place(context)}?")


def remove_all(context: Context, account: Account) -> None:
    settings, stack = context.settings, stack_of(context)
    resources = Resources(context.client("sagemaker"), f"{settings.endpoint_name}-")
    description = stack.describe()
    stop_executions(context, stack, description, account)
    remove_endpoint(context, resources, account)
    remove_configs_and_models(resources, account)
    jobs_and_logs.remove_training_jobs(resources, account)
    remove_stack(context, stack, description, account)
    jobs_and_logs.remove_logs(context.client("logs"), settings.endpoint_name, account)
    remove_objects(context, account)
    remove_code(context, account)
    if settings.role:
        account.kept.append(f"role {settings.role}: it is named in the settings, not created by this project")


def stop_executions(context: Context, stack: Stack, description: StackDescription | None, account: Account) -> None:
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
            account.removed.append(f"{len(running)} running executions (stopped)")


def remove_endpoint(context: Context, resources: Resources, account: Account) -> None:
    name = context.settings.endpoint_name
    if (description := endpoint.describe(resources.sagemaker, name)) is not None:
        is_ours = resources.is_ours(description["EndpointArn"])
        account.remove(f"endpoint {name}", is_ours, lambda: endpoint.delete(context, name))


def remove_configs_and_models(resources: Resources, account: Account) -> None:
    sagemaker = resources.sagemaker
    for item in resources.named("list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name, is_ours = item["EndpointConfigName"], resources.is_ours(item["EndpointConfigArn"])
        delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        account.remove(f"endpoint config {name}", is_ours, delete)
    for item in resources.named("list_models", "Models", "Model"):
        name, is_ours = item["ModelName"], resources.is_ours(item["ModelArn"])
        account.remove(f"model {name}", is_ours, partial(sagemaker.delete_model, ModelName=name))


def remove_stack(context: Context, stack: Stack, description: StackDescription | None, account: Account) -> None:
    if description is None:
        return
    if description.is_ours:
        jobs_and_logs.remove_model_packages(context.model_registry, context.settings.endpoint_name, account)
    account.remove(f"stack {stack.name} with all of its resources", description.is_ours, stack.delete)


def remove_objects(context: Context, account: Account) -> None:
    bucket = context.data_bucket
    if bucket.exists():
        empty_bucket(bucket, our_keys(context), account)


def our_keys(context: Context) -> set[str]:
    """Return the keys that the commands wrote: images by the manifests, everything else by its prefix."""
    name = context.settings.endpoint_name
    prefixes = (
        f"models/{name}-",
        *context.sagemaker.record_prefixes(f"{name}-"),
        f"{pipeline.EVALUATIONS}/{name}-",
        f"{endpoint.CAPTURE}/{name}/",
        f"{batch.PREFIX}/batch-",
    )
    bucket = context.data_bucket
    return survey(bucket).own_keys | {key for prefix in prefixes for key in bucket.etags(prefix)}


def remove_code(context: Context, account: Account) -> None:
    """Remove the stack's code. Other stacks of the account have theirs in the same bucket."""
    bucket = context.code_bucket
    if bucket.exists():
        empty_bucket(bucket, set(bucket.etags(f"{context.settings.stack}/")), account)


def empty_bucket(bucket: Bucket, keys: set[str], account: Account) -> None:
    """Delete the keys, and then the bucket if it is ours and empty."""
    if count := bucket.delete_all(keys):
        account.removed.append(f"{count} objects in s3://{bucket.name}")
    remaining, is_ours = len(bucket.etags("")), bucket.is_ours()
    if remaining and is_ours:
        account.kept.append(f"bucket {bucket.name}: it holds {remaining} objects that this project did not put there")
    else:
        account.remove(f"bucket {bucket.name}", is_ours, bucket.delete)
