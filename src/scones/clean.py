"""Step 7: take away what the other steps made, and nothing else; works when half of it is gone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from botocore.exceptions import ClientError

from scones import bucket, endpoint, role, stage, training, workflow
from scones.dataset import SPLITS
from scones.errors import code_of
from scones.kit import Kit


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
        if code_of(error) not in {"ValidationException", "ResourceNotFound", "NoSuchEntity", "NoSuchBucket"}:
            raise
        return
    account.removed.append(what)


def remove_endpoint(kit: Kit, account: Account) -> None:
    name = kit.settings.endpoint_name
    if endpoint.delete(kit, name):
        account.removed.append(f"endpoint {name}")


def remove_configs_and_models(kit: Kit, account: Account) -> None:
    sagemaker = kit.client("sagemaker")
    configs = sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=prefix(kit))
    for name in [item["EndpointConfigName"] for page in configs for item in page["EndpointConfigs"]]:
        if name.startswith(prefix(kit)):
            attempt(
                account,
                f"endpoint config {name}",
                partial(sagemaker.delete_endpoint_config, EndpointConfigName=name),
            )
    models = sagemaker.get_paginator("list_models").paginate(NameContains=prefix(kit))
    for name in [item["ModelName"] for page in models for item in page["Models"]]:
        if name.startswith(prefix(kit)):
            attempt(account, f"model {name}", partial(sagemaker.delete_model, ModelName=name))


def stop_jobs(kit: Kit, account: Account) -> None:
    sagemaker = kit.client("sagemaker")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(NameContains=prefix(kit))
    jobs = [item for page in pages for item in page["TrainingJobSummaries"]]
    for job in jobs:
        name = job["TrainingJobName"]
        if name.startswith(prefix(kit)) and job["TrainingJobStatus"] not in training.ENDED | {"Stopping"}:
            attempt(
                account, f"training job {name} (stopped)", partial(sagemaker.stop_training_job, TrainingJobName=name)
            )
    if jobs:
        account.kept.append(f"the record and log of {len(jobs)} training jobs: SageMaker's history costs nothing")


def our_keys(kit: Kit) -> set[str]:
    """Keys that the steps wrote: by the manifests for images, by name for the rest."""
    s3, name = kit.client("s3"), kit.bucket
    present = set(bucket.etags(s3, name, ""))
    manifests = [f"{split}.lst" for split in SPLITS if f"{split}.lst" in present]
    images = {f"{key[:-4]}/{file}" for key in manifests for file in stage.manifest_of(kit, key[:-4])}
    if stage.UNFINISHED in present:
        images |= stage.unfinished_keys(kit) | {stage.UNFINISHED}
    prefixes = (
        *(f"functions/{function}-" for function in workflow.FUNCTIONS.values()),
        f"workflows/{workflow.DEFINITION}-",
        f"models/{prefix(kit)}",
        f"{endpoint.CAPTURE}/{kit.settings.endpoint_name}/",
    )
    return {key for key in present if key in images | {*manifests, stage.RECORD} or key.startswith(prefixes)}


def remove_objects(kit: Kit, account: Account) -> None:
    s3, name = kit.client("s3"), kit.bucket
    if not bucket.exists(s3, name):
        return
    ours = bucket.is_ours(s3, name)
    keys = set(bucket.etags(s3, name, "")) if ours else our_keys(kit)
    if count := bucket.delete_all(s3, name, keys):
        account.removed.append(f"{count} objects in s3://{name}")
    if ours:
        attempt(account, f"bucket {name}", lambda: s3.delete_bucket(Bucket=name))
    else:
        account.kept.append(f"bucket {name}: it was not made by us")


def remove_role(kit: Kit, account: Account) -> None:
    if kit.settings.role:
        account.kept.append(f"role {kit.settings.role}: it was named, not made by us")
    elif role.delete(kit):
        account.removed.append(f"role {role.NAME}")


def clean(kit: Kit) -> Account:
    account = Account()
    if workflow.stack_of(kit).delete():
        account.removed.append(f"stack {kit.settings.stack}: its functions, state machine, roles and logs")
    for remove in (remove_endpoint, remove_configs_and_models, stop_jobs, remove_objects, remove_role):
        remove(kit, account)
    for what in account.removed:
        kit.console.say(f"Removed {what}")
    for what in account.kept:
        kit.console.say(f"Kept {what}")
    kit.console.done("Clean" if account.removed else "There was nothing to remove")
    return account
