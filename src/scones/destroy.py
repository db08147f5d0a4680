"""Takes away what the other steps made, and nothing else; works when half of it is gone."""

from functools import partial

from scones import batches, bucket, consent, endpoint, jobs_removal, pipeline, stage, workflow
from scones.kit import PROJECT_TAG, Kit
from scones.local_mode import records
from scones.removal import Account, named, prefix, remove, tagged
from scones.workflow import STATE_MACHINE


def stop_executions(kit: Kit, account: Account) -> None:
    """First of all: one that goes on could make an endpoint behind our back."""
    stack, step_functions = workflow.stack_of(kit), kit.client("stepfunctions")
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


def remove_endpoint(kit: Kit, account: Account) -> None:
    name = kit.settings.endpoint_name
    if (found := endpoint.describe(kit.client("sagemaker"), name)) is not None:
        ours = tagged(kit, found["EndpointArn"])
        remove(account, f"endpoint {name}", ours, lambda: endpoint.delete(kit, name))


def remove_configs_and_models(kit: Kit, account: Account) -> None:
    sagemaker = kit.client("sagemaker")
    for item in named(kit, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name, ours = item["EndpointConfigName"], tagged(kit, item["EndpointConfigArn"])
        delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        remove(account, f"endpoint config {name}", ours, delete)
    for item in named(kit, "list_models", "Models", "Model"):
        name, ours = item["ModelName"], tagged(kit, item["ModelArn"])
        remove(account, f"model {name}", ours, partial(sagemaker.delete_model, ModelName=name))


def remove_stack(kit: Kit, account: Account) -> None:
    stack, name = workflow.stack_of(kit), kit.settings.stack
    if (found := stack.describe()) is not None:
        ours = PROJECT_TAG in found.get("Tags", [])
        if ours:
            jobs_removal.remove_model_packages(kit, account)
        remove(account, f"stack {name}, with all that it lists", ours, stack.delete)


def our_keys(kit: Kit) -> set[str]:
    """Keys that the steps wrote: by the manifests for images, by name for the rest."""
    s3, name = kit.client("s3"), kit.bucket
    present = set(bucket.etags(s3, name, ""))
    manifests = {key for key in (stage.RECORD, *stage.MANIFESTS) if key in present and not stage.is_foreign(kit, key)}
    images = stage.earlier_keys(kit, present) | manifests | {stage.UNFINISHED}
    prefixes = (
        f"models/{prefix(kit)}",
        *(f"{records.FOLDER}/{kind.name}/{prefix(kit)}" for kind in records.KINDS),
        f"{pipeline.EVALUATIONS}/{prefix(kit)}",
        f"{endpoint.CAPTURE}/{kit.settings.endpoint_name}/",
        f"{batches.PREFIX}/batch-",
    )
    return {key for key in present if key in images or key.startswith(prefixes)}


def remove_objects(kit: Kit, account: Account) -> None:
    if bucket.exists(kit.client("s3"), kit.bucket):
        empty_bucket(kit, account, kit.bucket, our_keys(kit))


def remove_code(kit: Kit, account: Account) -> None:
    """Other stacks of the account have their code in the same bucket."""
    s3, name = kit.client("s3"), kit.deployment_bucket
    if bucket.exists(s3, name):
        empty_bucket(kit, account, name, set(bucket.etags(s3, name, f"{kit.settings.stack}/")))


def empty_bucket(kit: Kit, account: Account, name: str, keys: set[str]) -> None:
    """The bucket goes too, if it is ours and nothing else is in it."""
    s3 = kit.client("s3")
    if count := bucket.delete_all(s3, name, keys):
        account.removed.append(f"{count} objects in s3://{name}")
    left = len(bucket.etags(s3, name, ""))
    if left and bucket.is_ours(s3, name):
        account.kept.append(f"bucket {name}: it holds {left} objects that the steps did not put there")
    else:
        remove(account, f"bucket {name}", bucket.is_ours(s3, name), lambda: s3.delete_bucket(Bucket=name))


def note_role(kit: Kit, account: Account) -> None:
    if kit.settings.role:
        account.kept.append(f"role {kit.settings.role}: it was named, not made by us")


STEPS = (
    stop_executions,
    remove_endpoint,
    remove_configs_and_models,
    jobs_removal.remove_training_jobs,
    remove_stack,
    jobs_removal.remove_logs,
    remove_objects,
    remove_code,
    note_role,
)


def destroy(kit: Kit) -> Account:
    agree(kit)
    account = Account()
    for take_away in STEPS:
        take_away(kit, account)
    for what in account.removed:
        kit.console.say(f"Removed {what}")
    for what in account.kept:
        kit.console.say(f"Kept {what}")
    kit.console.done("Clean" if account.removed else "There was nothing to remove")
    return account


def agree(kit: Kit) -> None:
    if not kit.settings.confirm:
        return
    settings = kit.settings
    kit.console.say(f"Account {kit.account}, {kit.region}, profile {settings.target}")
    kit.console.say(
        f"Endpoint {settings.endpoint_name} with its models, training jobs and logs; stack {settings.stack}; "
        f"what the steps put into s3://{kit.bucket}"
    )
    consent.require(kit, f"Delete all of it from account {kit.account} in {kit.region}?")
