"""`scones deploy` asks for consent, changes nothing twice, and sends only requests that AWS's models allow."""

import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from moto.server import ThreadedMotoServer

from scones import settings
from scones.backends import open_context
from scones.console import Console
from scones.context import Context
from scones.deployment import costs, deploy, packaging
from scones.errors import ConsentError, MissingError, SettingsError
from scones.removal import destroy
from scones.stack.cloudformation import Change
from scones.stack.outputs import stack_of

ROOT = Path(__file__).parents[3]
MakeContext = Callable[..., Context]
# moto's CloudFormation warns about resource types that it cannot create.
MOTO_LACKS = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files of a deployment to tmp_path, which is the context's project, so that a test may change them."""
    shutil.copy(ROOT / "template.yaml", tmp_path)
    shutil.copytree(ROOT / "local_stepfunctions", tmp_path / "local_stepfunctions")
    for folder in ("functions", "image_monitoring"):
        shutil.copytree(ROOT / "src" / folder, tmp_path / "src" / folder)
    return tmp_path


def test_the_same_code_has_the_same_key(checkout: Path) -> None:
    template = (checkout / "template.yaml").read_text()
    first = packaging.artifacts(checkout, template)
    (checkout / "src/functions/filter/app.py").touch()
    assert packaging.artifacts(checkout, template) == first
    (checkout / "src/functions/filter/app.py").write_text("# another")
    changed = packaging.artifacts(checkout, template)
    assert {name for name in first if first[name].key != changed[name].key} == {"FilterCode"}


def test_parameters_name_the_artifacts_of_the_stack(checkout: Path) -> None:
    template = "Parameters:\n  SmokeTestCode:\n  ClassifyBatchDefinition:\nResources:\n  OtherCode:\n"
    (checkout / "src/functions/smoke_test").mkdir(exist_ok=True)
    (checkout / "src/functions/smoke_test/app.py").touch()
    (checkout / "local_stepfunctions/classify-batch.asl.json").write_text("{}")
    keys = {name: artifact.key for name, artifact in packaging.artifacts(checkout, template).items()}
    assert set(keys) == {"SmokeTestCode", "ClassifyBatchDefinition"}
    assert keys["SmokeTestCode"].startswith("functions/smoke_test-")
    assert keys["ClassifyBatchDefinition"].startswith("workflows/classify-batch-")


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_without_a_terminal_and_without_yes_nothing_is_created(
    make_context: MakeContext, screen: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    context = make_context()
    with pytest.raises(ConsentError, match="YES=1"):
        deploy.deploy(context)
    assert stack_of(context).describe() is None
    assert context.client("s3").list_buckets()["Buckets"] == []
    assert "Account 123456789012, us-east-1, profile default" in str(screen)
    assert "Endpoint scones-vehicles on ml.m5.xlarge" in str(screen)
    assert "0.230 USD an hour, about 168 a month" in str(screen)
    assert f"as of {costs.AS_OF}" in str(screen)


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_many_changes_are_counted_by_kind_and_listed_in_a_file(make_context: MakeContext, screen: object) -> None:
    context = make_context(confirm="no")
    deploy.deploy(context)
    shown, listed = str(screen), (context.settings.out / "changes.txt").read_text()
    assert re.search(r"Add \d+: .*\d+ Function", shown)
    assert "ClassifyFunction" not in shown
    assert "Add  ClassifyFunction  AWS::Lambda::Function\n" in listed


def test_a_few_changes_and_every_loss_are_shown_one_by_one(make_context: MakeContext, screen: object) -> None:
    context = make_context()
    added = [Change("Add", f"Queue{number}", "AWS::SQS::Queue", "") for number in range(20)]
    lost = [
        Change("Remove", "OldTopic", "AWS::SNS::Topic", ""),
        Change("Modify", "DataBucket", "AWS::S3::Bucket", "yes"),
    ]
    deploy.show_changes(context, [*added, *lost])
    assert "Add 20: 20 Queue" in str(screen)
    assert re.search(r"Remove +OldTopic +AWS::SNS::Topic", str(screen))
    assert re.search(r"Modify +DataBucket +AWS::S3::Bucket +yes", str(screen))
    deploy.show_changes(context, added[:3])
    assert re.search(r"Add +Queue2 +AWS::SQS::Queue", str(screen))


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_an_existing_bucket_is_used_and_not_created(make_context: MakeContext, screen: object) -> None:
    context = make_context(bucket="theirs", yes="yes")
    context.client("s3").create_bucket(Bucket="theirs")
    deploy.deploy(context)
    parameters = stack_of(context).require().parameters
    assert (parameters["Bucket"], parameters["MakeBucket"]) == ("theirs", "no")
    assert "Bucket theirs was not created by this project" in str(screen)
    assert "theirs: not created by this project" in " ".join(destroy.destroy(context).kept)


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_our_earlier_bucket_sends_its_events_to_eventbridge(make_context: MakeContext) -> None:
    """moto accepts the configuration but does not return it, so the test looks at the request."""
    context, requests = make_context(yes="yes"), []
    context.data_bucket.ensure()
    events = context.client("s3").meta.events
    events.register(
        "provide-client-params.s3.PutBucketNotificationConfiguration", lambda params, **_: requests.append(params)
    )
    deploy.deploy(context)
    assert requests == [
        {"Bucket": context.data_bucket.name, "NotificationConfiguration": {"EventBridgeConfiguration": {}}}
    ]


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_code_is_put_only_into_a_bucket_of_this_account(make_context: MakeContext) -> None:
    """Somebody else can guess the bucket's name and create it: without the expected owner, they would get the code."""
    context = make_context(yes="yes")
    owners: dict[str, str | None] = {}
    context.client("s3").meta.events.register(
        "provide-client-params.s3.PutObject",
        lambda params, **_: owners.update({params["Bucket"]: params.get("ExpectedBucketOwner")}),
    )
    deploy.deploy(context)
    assert owners == {context.code_bucket.name: context.account}


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_a_deployment_describes_its_stack_once_before_and_once_after_the_change(make_context: MakeContext) -> None:
    context = make_context(yes="yes")
    calls: list[str] = []
    context.client("cloudformation").meta.events.register(
        "provide-client-params.cloudformation.*", lambda params, model, **_: calls.append(model.name)
    )
    deploy.deploy(context)
    assert calls.count("DescribeStacks") == 2
    calls.clear()
    deploy.deploy(context)
    assert calls.count("DescribeStacks") <= 2


@MOTO_LACKS
@pytest.mark.usefixtures("checkout")
def test_a_bucket_of_the_stack_that_was_deleted_is_named(make_context: MakeContext) -> None:
    context = make_context(yes="yes")
    deploy.deploy(context)
    context.client("s3").delete_bucket(Bucket=context.data_bucket.name)
    with pytest.raises(MissingError, match="something else deleted it: run `scones destroy`"):
        deploy.deploy(context)


@pytest.mark.usefixtures("checkout")
def test_a_missing_endpoint_cannot_be_scaled(make_context: MakeContext) -> None:
    with pytest.raises(SettingsError, match="but there is no endpoint scones-vehicles: deploy without it"):
        deploy.deploy(make_context(endpoint_scaling="yes"))


def test_an_instance_without_a_known_price_has_none(make_context: MakeContext) -> None:
    context = make_context(endpoint_instance_type="ml.p5.48xlarge")
    assert costs.endpoint_line(context.settings).endswith("see SageMaker's price list")


# ---- another AWS: moto's server, reached over HTTP through a profile ----


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


Calls = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def calls() -> Calls:
    return []


@pytest.fixture
def prod(server: str, monkeypatch: pytest.MonkeyPatch, checkout: Path, calls: Calls) -> Context:
    """A context with the profile `prod`. All of its calls are recorded."""
    config = checkout / "aws.config"
    lines = ("region = eu-west-1", "aws_access_key_id = a", "aws_secret_access_key = b", f"endpoint_url = {server}")
    config.write_text("\n".join(("[profile prod]", *lines)))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    loaded = settings.load({"out": str(checkout / "out")}, {"YES": "1"}, "prod", ROOT / "targets.toml")
    session = boto3.Session(profile_name="prod")

    def record(params: dict[str, Any], model: OperationModel, **_: Any) -> None:
        calls.append((model.service_model.service_name, model.name, dict(params)))

    session.events.register("provide-client-params", record)
    return open_context(replace(loaded, project=checkout), session, Console())


def fields_unknown_to_aws(value: Any, shape: Shape, path: str) -> list[str]:
    """Return the paths of fields in a request that botocore's model does not have."""
    if isinstance(shape, StructureShape):
        unknown = [f"{path}.{key}" for key in value if key not in shape.members]
        known = [(item, shape.members[key], f"{path}.{key}") for key, item in value.items() if key in shape.members]
        return unknown + [path for part in known for path in fields_unknown_to_aws(*part)]
    if isinstance(shape, ListShape):
        return [name for item in value for name in fields_unknown_to_aws(item, shape.member, f"{path}[]")]
    if isinstance(shape, MapShape):
        return [name for item in value.values() for name in fields_unknown_to_aws(item, shape.value, f"{path}{{}}")]
    return []


def test_a_field_that_aws_does_not_have_is_reported() -> None:
    shape = botocore.session.get_session().get_service_model("s3").operation_model("PutObject").input_shape
    assert fields_unknown_to_aws({"Bucket": "b", "Color": "red"}, shape, "PutObject") == ["PutObject.Color"]


@MOTO_LACKS
def test_another_aws_is_deployed_to_and_left_clean(prod: Context, calls: Calls) -> None:
    """This covers what moto can do. Its CloudFormation creates no policies of buckets, queues and topics, no alarms and
    no model package group, and has no outputs after a change set. The rest is created, and gone afterwards."""
    first = deploy.deploy(prod)
    assert deploy.deploy(prod) == first
    functions = [item["FunctionName"] for item in prod.client("lambda").list_functions()["Functions"]]
    assert {"scones-unlimited-serialize", "scones-unlimited-classify", "scones-unlimited-filter"} <= set(functions)
    assert prod.data_bucket.exists()
    destroy.destroy(prod)
    assert left_in(prod) == {}
    models = botocore.session.get_session()
    for service, operation, params in calls:
        model = models.get_service_model(service)
        assert operation in model.operation_names
        shape = model.operation_model(operation).input_shape
        assert shape is None or fields_unknown_to_aws(params, shape, operation) == []
    assert {service for service, _, _ in calls} >= {"cloudformation", "s3", "sagemaker", "stepfunctions", "logs", "sts"}


LISTINGS = {
    "cloudformation": ("describe_stacks", "Stacks"),
    "cloudwatch": ("list_dashboards", "DashboardEntries"),
    "events": ("list_rules", "Rules"),
    "iam": ("list_roles", "Roles"),
    "lambda": ("list_functions", "Functions"),
    "logs": ("describe_log_groups", "logGroups"),
    "s3": ("list_buckets", "Buckets"),
    "sns": ("list_topics", "Topics"),
    "sqs": ("list_queues", "QueueUrls"),
    "stepfunctions": ("list_state_machines", "stateMachines"),
}


def left_in(context: Context) -> dict[str, object]:
    remaining = {
        service: getattr(context.client(service), operation)().get(items)
        for service, (operation, items) in LISTINGS.items()
    }
    return {service: items for service, items in remaining.items() if items}


@pytest.mark.parametrize(("target", "asks"), [("local", False), ("local-mode", False), ("prod", True)])
def test_the_targets_file_decides_who_is_asked(target: str, asks: bool) -> None:
    assert settings.load({}, {}, target, ROOT / "targets.toml").confirm is asks


@pytest.mark.parametrize(("text", "value"), [("1", True), ("YES", True), ("true", True), ("no", False), ("0", False)])
def test_yes_has_many_spellings(text: str, value: bool) -> None:
    assert settings.load({}, {"YES": text}, "prod", ROOT / "targets.toml").yes is value


def test_a_value_other_than_yes_and_no_is_an_error() -> None:
    with pytest.raises(SettingsError, match="YES is 'perhaps': it must be yes or no"):
        settings.load({}, {"YES": "perhaps"}, "prod", ROOT / "targets.toml")
