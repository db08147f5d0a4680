"""Takes away what the other steps made, and nothing else; works when half of it is gone."""

from functools import partial

from scones import buckets
from scones.classify import batch
from scones.context import PROJECT_TAG, Context
from scones.dataset import staging
from scones.deployment import consent, endpoint
from scones.local_mode import records
from scones.pipeline import pipeline_run
from scones.removal import jobs_and_logs
from scones.removal.resources import Account, named, prefix, remove, tagged
from scones.stack import outputs
from scones.stack.outputs import STATE_MACHINE


def stop_executions(context: Context, account: Account) -> None:
    """First of all: one that goes on could make an endpoint behind our back."""
    stack, step_functions = outputs.stack_of(context), context.client("stepfunctions")
    found = stack.describe()
    if found is None or PROJECT_TAG not in found.get("Tags", []):
        return
    for machine in stack.resources(STATE_MACHINE).values():
        pages = step_functions.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        running = [item["executionArn"] for page in pages for item in page["executions"]]
        for execution in running:
            step_functions.stop_execution(executionArn=execution, error="Destroyed", cause="scones destroy")
        if running:
            account.removed.append(f"{len(running)} running executions (stopped)")


def remove_endpoint(context: Context, account: Account) -> None:
    name = context.settings.endpoint_name
    if (found := endpoint.describe(context.client("sagemaker"), name)) is not None:
        ours = tagged(context, found["EndpointArn"])
        remove(account, f"endpoint {name}", ours, lambda: endpoint.delete(context, name))


def remove_configs_and_models(context: Context, account: Account) -> None:
    sagemaker = context.client("sagemaker")
    for item in named(context, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name, ours = item["EndpointConfigName"], tagged(context, item["EndpointConfigArn"])
        delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        remove(account, f"endpoint config {name}", ours, delete)
    for item in named(context, "list_models", "Models", "Model"):
        name, ours = item["ModelName"], tagged(context, item["ModelArn"])
        remove(account, f"model {name}", ours, partial(sagemaker.delete_model, ModelName=name))


def remove_stack(context: Context, account: Account) -> None:
    stack, name = outputs.stack_of(context), context.settings.stack
    if (found := stack.describe()) is not None:
        ours = PROJECT_TAG in found.get("Tags", [])
        if ours:
            jobs_and_logs.remove_model_packages(context, account)
        remove(account, f"stack {name}, with all that it lists", ours, stack.delete)


def our_keys(context: Context) -> set[str]:
    """Keys that the steps wrote: by the manifests for images, by name for the rest."""
    s3, name = context.client("s3"), context.bucket
    present = set(buckets.etags(s3, name, ""))
    manifests = {
        key for key in (staging.RECORD, *staging.MANIFESTS) if key in present and not staging.is_foreign(context, key)
    }
    images = staging.earlier_keys(context, present) | manifests | {staging.UNFINISHED}
    prefixes = (
        f"models/{prefix(context)}",
        *(f"{records.FOLDER}/{kind.name}/{prefix(context)}" for kind in records.KINDS),
        f"{pipeline_run.EVALUATIONS}/{prefix(context)}",
        f"{endpoint.CAPTURE}/{context.settings.endpoint_name}/",
        f"{batch.PREFIX}/batch-",
    )
    return {key for key in present if key in images or key.startswith(prefixes)}


def remove_objects(context: Context, account: Account) -> None:
    if buckets.exists(context.client("s3"), context.bucket):
        empty_bucket(context, account, context.bucket, our_keys(context))


def remove_code(context: Context, account: Account) -> None:
    """Other stacks of the account have their code in the same bucket."""
    s3, name = context.client("s3"), context.deployment_bucket
    if buckets.exists(s3, name):
        empty_bucket(context, account, name, set(buckets.etags(s3, name, f"{context.settings.stack}/")))


def empty_bucket(context: Context, account: Account, name: str, keys: set[str]) -> None:
    """The bucket goes too, if it is ours and nothing else is in it."""
    s3 = context.client("s3")
    if count := buckets.delete_all(s3, name, keys):
        account.removed.append(f"{count} objects in s3://{name}")
    left = len(buckets.etags(s3, name, ""))
    if left and buckets.is_ours(s3, name):
        account.kept.append(f"bucket {name}: it holds {left} objects that the steps did not put there")
    else:
        remove(account, f"bucket {name}", buckets.is_ours(s3, name), lambda: s3.delete_bucket(Bucket=name))


def note_role(context: Context, account: Account) -> None:
    if context.settings.role:
        account.kept.append(f"role {context.settings.role}: it was named, not made by us")


STEPS = (
    stop_executions,
    remove_endpoint,
    remove_configs_and_models,
    jobs_and_logs.remove_training_jobs,
    remove_stack,
    jobs_and_logs.remove_logs,
    remove_objects,
    remove_code,
    note_role,
)


def destroy(context: Context) -> Account:
    agree(context)
    account = Account()
    for take_away in STEPS:
        take_away(context, account)
    for what in account.removed:
        context.console.say(f"Removed {what}")
    for what in account.kept:
        context.console.say(f"Kept {what}")
    context.console.done("Clean" if account.removed else "There was nothing to remove")
    return account


def agree(context: Context) -> None:
    if not context.settings.confirm:
        return
    settings = context.settings
    context.console.say(f"Account {context.account}, {context.region}, profile {settings.target}")
    context.console.say(
        f"Endpoint {settings.endpoint_name} with its models, training jobs and logs; stack {settings.stack}; "
        f"what the steps put into s3://{context.bucket}"
    )
    consent.require(context, f"Delete all of it from account {context.account} in {context.region}?")
