"""The models as the emulator resolves them, compared with botocore's own reading of the same files."""

from functools import cache

import botocore.session
import pytest
from botocore.model import ServiceModel as BotocoreModel
from botocore.model import Shape as BotocoreShape
from tests.unit.sagemaker_emulator.wire.small_models import model

from sagemaker_emulator.wire.model import Definition, ServiceModel, Shape, service_model

SERVICE = "sagemaker-runtime"


@cache
def oracle() -> BotocoreModel:
    return botocore.session.get_session().get_service_model(SERVICE)


def fresh(service: str = SERVICE) -> ServiceModel:
    """Load the model again: an earlier test may have resolved the shared one."""
    return service_model.__wrapped__(service)


def facts_of(shape: Shape) -> dict[str, object]:
    facts = {
        "type": shape.type,
        "required": list(shape.required),
        "min": shape.minimum,
        "max": shape.maximum,
        "pattern": shape.pattern,
        "enum": list(shape.enum),
        "sensitive": shape.is_sensitive,
        "members": {m.name: (m.wire_name, m.location, m.shape.name) for m in shape.members.values()},
    }
    return {name: value for name, value in facts.items() if value}


def facts_of_botocore(shape: BotocoreShape) -> dict[str, object]:
    kept = ("required", "min", "max", "pattern", "enum", "sensitive")
    members = {
        name: (member.serialization.get("name", name), member.serialization.get("location"), member.name)
        for name, member in getattr(shape, "members", {}).items()
    }
    facts = {"type": shape.type_name, **{name: shape.metadata.get(name) for name in kept}, "members": members}
    return {name: value for name, value in facts.items() if value}


def test_a_service_has_botocores_operations_and_metadata() -> None:
    assert list(fresh().operation_names) == oracle().operation_names
    assert fresh().metadata == oracle().metadata
    assert all(name in fresh() for name in oracle().operation_names)
    assert "InvokeScones" not in fresh()


@pytest.mark.parametrize("name", botocore.session.get_session().get_service_model(SERVICE).operation_names)
def test_an_operation_has_botocores_route_and_shapes(name: str) -> None:
    ours, theirs = fresh().operation(name), oracle().operation_model(name)
    assert ours.name == name
    assert (ours.method, ours.uri) == (theirs.http["method"], theirs.http["requestUri"])
    assert ours.status == theirs.http.get("responseCode", 200)
    assert ours.input is not None
    assert ours.output is not None
    assert facts_of(ours.input) == facts_of_botocore(theirs.input_shape)
    assert facts_of(ours.output) == facts_of_botocore(theirs.output_shape)


def test_the_operations_are_all_resolved_in_order_and_once() -> None:
    service = fresh()
    assert [operation.name for operation in service.operations()] == oracle().operation_names
    assert service.operation("InvokeEndpoint") is service.operation("InvokeEndpoint")
    assert service.shape("ModelError") is service.shape("ModelError")


@pytest.mark.parametrize("name", botocore.session.get_session().get_service_model(SERVICE).shape_names)
def test_a_shape_has_the_facts_of_botocores_shape(name: str) -> None:
    shape = fresh().shape(name)
    assert (shape.name, facts_of(shape)) == (name, facts_of_botocore(oracle().shape_for(name)))


def test_documentation_is_not_kept() -> None:
    service = fresh()
    assert all("documentation" not in service.shape(name)._definition for name in service.shape_names)
    assert all("documentation" not in operation._definition for operation in service.operations())


def test_an_operation_without_shapes_has_none() -> None:
    definition = model({})
    del definition["operations"]["Put"]["input"], definition["operations"]["Put"]["output"]
    operation = ServiceModel(definition).operation("Put")
    assert (operation.input, operation.output, operation.status) == (None, None, 200)


def test_an_operation_answers_with_the_status_of_its_definition() -> None:
    definition = model({})
    definition["operations"]["Put"]["http"]["responseCode"] = 202
    assert ServiceModel(definition).operation("Put").status == 202


def test_members_are_split_by_location() -> None:
    members: dict[str, Definition] = {
        "InBody": {"shape": "string", "locationName": "in-body"},
        "InHeader": {"shape": "string", "location": "header", "locationName": "X-In", "jsonvalue": True},
        "At": {"shape": "timestamp", "timestampFormat": "rfc822"},
    }
    shape = ServiceModel(model(members)).shape("Things")
    assert list(shape.body_members) == ["in-body", "At"]
    assert [(m.name, m.wire_name, m.is_json) for m in shape.located_members] == [("InHeader", "X-In", True)]
    assert [m.timestamp_format for m in shape.members.values()] == [None, None, "rfc822"]
    assert [m.is_json for m in shape.members.values()] == [False, True, False]


@pytest.mark.parametrize(
    ("name", "path_name"), [("TrainingJobName", "trainingJobName"), ("S3Uri", "s3Uri"), ("A", "a")]
)
def test_validation_paths_begin_member_names_in_lower_case(name: str, path_name: str) -> None:
    member = ServiceModel(model({name: {"shape": "string"}})).shape("Things").members[name]
    assert member.path_name == path_name


def test_list_items_map_keys_and_map_values_are_members() -> None:
    service = ServiceModel(model({}))
    assert (service.shape("numbers").item.name, service.shape("numbers").item.shape.type) == ("member", "integer")
    mapping = service.shape("map of numbers")
    assert (mapping.key.name, mapping.key.shape.type) == ("key", "string")
    assert (mapping.value.name, mapping.value.shape.type) == ("value", "integer")


def test_a_document_is_a_separate_type() -> None:
    assert ServiceModel(model({})).shape("document").type == "document"


def test_only_exceptions_are_errors() -> None:
    service = fresh()
    assert service.error("ValidationException") is None
    assert service.error("EndpointName") is None
    error = service.error("ModelNotReadyException")
    assert error is not None
    assert (error.name, error.http_status) == ("ModelNotReadyException", 429)


def test_the_newest_version_of_an_api_is_read() -> None:
    assert fresh("cloudfront").metadata["apiVersion"] == max(
        botocore.session.get_session().get_component("data_loader").list_api_versions("cloudfront", "service-2")
    )
