"""`scones destroy` removes what the other commands created, and keeps everything else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.context import Context
from scones.dataset import staging
from scones.deployment import endpoint
from scones.removal import destroy
from scones.removal.outcome import Outcome
from scones.settings import PROJECT_TAG
from scones.stack.outputs import stack_of

DeployStack = Callable[..., None]
DEFINITION = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": True}}})
TOPIC = {"Type": "AWS::SNS::Topic"}
STATE_MACHINE = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {"DefinitionString": DEFINITION, "RoleArn": "arn:aws:iam::123456789012:role/states"},
}


def template(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


def create_endpoint(context: Context, *tags: dict[str, str]) -> None:
    sagemaker = context.client("sagemaker")
    sagemaker.create_model(ModelName="scones-vehicles-1", ExecutionRoleArn=context.settings.role, Tags=list(tags))
    config = endpoint.endpoint_config(context, "scones-vehicles-1")
    sagemaker.create_endpoint_config(EndpointConfigName="scones-vehicles-config", Tags=list(tags), **config)
    sagemaker.create_endpoint(
        EndpointName="scones-vehicles", EndpointConfigName="scones-vehicles-config", Tags=list(tags)
    )


def test_everything_that_the_steps_created_is_removed(context: Context, deploy_stack: DeployStack) -> None:
    staging.stage(context)
    create_endpoint(context, PROJECT_TAG)
    deploy_stack(context, template(Topic=TOPIC))
    outcome = destroy.destroy(context)
    assert outcome.kept == [f"role {context.settings.role}: it is named in the settings, not created by this project"]
    assert not context.data_bucket.exists()
    assert stack_of(context).describe() is None
    assert endpoint.describe(context.client("sagemaker"), "scones-vehicles") is None
    assert destroy.destroy(context).removed == []


def test_a_stack_and_a_bucket_that_another_profile_uses_are_kept(
    make_context: Callable[..., Context], context: Context, deploy_stack: DeployStack, screen: object
) -> None:
    staging.stage(context)
    deploy_stack(context, template(Topic=TOPIC))
    context.data_bucket.put("models/other-1/output/model.tar.gz", b"local-mode's")
    context.data_bucket.put("models/scones-vehicles-1/output/model.tar.gz", b"local's")
    before = set(context.data_bucket.etags(""))
    outcome = destroy.destroy(make_context(endpoint_name="other", stack_shared_with="local", yes="yes"))
    assert before - set(context.data_bucket.etags("")) == {"models/other-1/output/model.tar.gz"}
    assert stack_of(context).describe() is not None
    (kept,) = outcome.kept
    assert "AWS_PROFILE=local scones destroy removes them" in kept
    assert "Everything is removed, except what is kept" in str(screen)


def test_running_executions_are_stopped_before_anything_is_removed(context: Context, deploy_stack: DeployStack) -> None:
    """A pipeline that continued could create another endpoint after `scones destroy`."""
    deploy_stack(context, template(Pipeline=STATE_MACHINE))
    calls: list[str] = []
    stepfunctions = context.client("stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    started = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    for service, operation in (("stepfunctions", "StopExecution"), ("cloudformation", "DeleteStack")):
        events = context.client(service).meta.events
        events.register(
            f"provide-client-params.*.{operation}",
            lambda params, model, **_: calls.append(f"{model.name} {params.get('executionArn', '')}".strip()),
        )
    outcome = destroy.destroy(context)
    assert calls == [f"StopExecution {started}", "DeleteStack"]
    assert "1 running executions (stopped)" in outcome.removed


def test_executions_of_somebody_elses_stack_are_not_stopped(context: Context) -> None:
    context.client("cloudformation").create_stack(
        StackName=context.settings.stack, TemplateBody=template(Pipeline=STATE_MACHINE)
    )
    stepfunctions = context.client("stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    started = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    destroy.destroy(context)
    assert stepfunctions.describe_execution(executionArn=started)["status"] == "RUNNING"


def test_resources_with_our_names_but_without_our_tag_are_kept(context: Context) -> None:
    context.client("cloudformation").create_stack(StackName=context.settings.stack, TemplateBody=template(Topic=TOPIC))
    context.client("s3").delete_bucket_tagging(Bucket=context.data_bucket.name)
    create_endpoint(context)
    outcome = destroy.destroy(context)
    assert outcome.removed == []
    *resources, _ = outcome.kept
    assert len(resources) == 5
    assert all(reason.endswith(": not created by this project") for reason in resources)


def test_somebody_elses_object_keeps_our_bucket(context: Context) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="notes.txt", Body=b"")
    assert destroy.destroy(context).kept[:1] == [
        f"bucket {context.data_bucket.name}: it holds 1 objects that this project did not put there"
    ]
    assert list(context.data_bucket.etags("")) == ["notes.txt"]


def test_somebody_elses_manifest_is_kept(context: Context) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="train.lst", Body=b"their\xff list")
    assert "holds 5 objects" in destroy.destroy(context).kept[0]


def test_a_deletion_that_aws_refuses_is_an_error() -> None:
    def refuse() -> None:
        error = {"Code": "ValidationException", "Message": "Cannot delete a model in use"}
        raise ClientError({"Error": error}, "DeleteModel")

    with pytest.raises(ClientError, match="in use"):
        Outcome().attempt("model", refuse)
