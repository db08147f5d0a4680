"""Step 7: take away what the other steps made, and nothing else; works when half of it is gone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scones import bucket, endpoint, role, stage, training, workflow
from scones.errors import code_of, is_unknown_name
from scones.kit import PROJECT_TAG, Kit
from scones.local_mode import records


@dataclass
class Account:
    """What was removed, and what was kept and why."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def prefix(kit: Kit) -> str:
    return f"{kit.settings.endpoint_name}-"


def attempt(account: Account, what: str, delete: Callable[[], object]) -> None:
    """Delete; what went away meanwhile is no error."""
    try:
        delete()
    except ClientError as error:
        if not is_unknown_name(error) and code_of(error) not in {"NoSuchEntity", "NoSuchBucket"}:
            raise
        return
    account.removed.append(what)


def tagged(kit: Kit, arn: str) -> bool:
    """SageMaker's resource is ours. One that went away meanwhile is nobody's."""
    try:
        return PROJECT_TAG in kit.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    except ClientError as error:
        if is_unknown_name(error):
            return False
        raise


def remove(account: Account, what: str, ours: bool, delete: Callable[[], object]) -> None:
    if ours:
        attempt(account, what, delete)
    else:
        account.kept.append(f"{what}: not made by us")


def remove_stack(kit: Kit, account: Account) -> None:
    stack, name = workflow.stack_of(kit), kit.settings.stack
    if (found := stack.describe()) is not None:
        ours = PROJECT_TAG in found.get("Tags", [])
        remove(account, f"stack {name}, with its functions, state machine, roles and logs", ours, stack.delete)


def remove_endpoint(kit: Kit, account: Account) -> None:
    name = kit.settings.endpoint_name
    if (found := endpoint.describe(kit.client("sagemaker"), name)) is not None:
        ours = tagged(kit, found["EndpointArn"])
        remove(account, f"endpoint {name}", ours, lambda: endpoint.delete(kit, name))


def named(kit: Kit, operation: str, items: str, kind: str) -> list[Mapping[str, Any]]:
    """What the account has whose name begins as ours do."""
    pages = kit.client("sagemaker").get_paginator(operation).paginate(NameContains=prefix(kit))
    return [item for page in pages for item in page[items] if item[f"{kind}Name"].startswith(prefix(kit))]


def remove_configs_and_models(kit: Kit, account: Account) -> None:
    sagemaker = kit.client("sagemaker")
    for item in named(kit, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        name, ours = item["EndpointConfigName"], tagged(kit, item["EndpointConfigArn"])
        delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
        remove(account, f"endpoint config {name}", ours, delete)
    for item in named(kit, "list_models", "Models", "Model"):
        name, ours = item["ModelName"], tagged(kit, item["ModelArn"])
        remove(account, f"model {name}", ours, partial(sagemaker.delete_model, ModelName=name))


def stop_jobs(kit: Kit, account: Account) -> None:
    sagemaker = kit.client("sagemaker")
    jobs = named(kit, "list_training_jobs", "TrainingJobSummaries", "TrainingJob")
    for job in jobs:
        if job["TrainingJobStatus"] not in training.ENDED | {"Stopping"}:
            name, ours = job["TrainingJobName"], tagged(kit, job["TrainingJobArn"])
            stop = partial(sagemaker.stop_training_job, TrainingJobName=name)
            remove(account, f"training job {name} (stopped)", ours, stop)
    if jobs:
        account.kept.append(f"the record and log of {len(jobs)} training jobs: SageMaker's history costs nothing")


def our_keys(kit: Kit) -> set[str]:
    """Keys that the steps wrote: by the manifests for images, by name for the rest."""
    s3, name = kit.client("s3"), kit.bucket
    present = set(bucket.etags(s3, name, ""))
    manifests = {key for key in (stage.RECORD, *stage.MANIFESTS) if key in present and not stage.is_foreign(kit, key)}
    named = stage.earlier_keys(kit, present) | manifests | {stage.UNFINISHED}
    prefixes = (
        *(f"functions/{function}-" for function in workflow.FUNCTIONS.values()),
        f"workflows/{workflow.DEFINITION}-",
        f"models/{prefix(kit)}",
        *(f"{records.FOLDER}/{kind.name}/{prefix(kit)}" for kind in records.KINDS),
        f"{endpoint.CAPTURE}/{kit.settings.endpoint_name}/",
    )
    return {key for key in present if key in named or key.startswith(prefixes)}


def remove_objects(kit: Kit, account: Account) -> None:
    s3, name = kit.client("s3"), kit.bucket
    if not bucket.exists(s3, name):
        return
    if count := bucket.delete_all(s3, name, our_keys(kit)):
        account.removed.append(f"{count} objects in s3://{name}")
    left = len(bucket.etags(s3, name, ""))
    if left and bucket.is_ours(s3, name):
        account.kept.append(f"bucket {name}: it holds {left} objects that the steps did not put there")
    else:
        remove(account, f"bucket {name}", bucket.is_ours(s3, name), lambda: s3.delete_bucket(Bucket=name))


def remove_role(kit: Kit, account: Account) -> None:
    if kit.settings.role:
        account.kept.append(f"role {kit.settings.role}: it was named, not made by us")
    elif (found := role.existing(kit.client("iam"))) is not None:
        remove(account, f"role {role.NAME}", PROJECT_TAG in found.get("Tags", []), lambda: role.delete(kit))


def clean(kit: Kit) -> Account:
    account = Account()
    for take_away in (remove_stack, remove_endpoint, remove_configs_and_models, stop_jobs, remove_objects, remove_role):
        take_away(kit, account)
    for what in account.removed:
        kit.console.say(f"Removed {what}")
    for what in account.kept:
        kit.console.say(f"Kept {what}")
    kit.console.done("Clean" if account.removed else "There was nothing to remove")
    return account
