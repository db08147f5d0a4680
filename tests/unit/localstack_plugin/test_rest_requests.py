"""What LocalStack finds in requests to S3 with less work is the same."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from localstack_plugin.gateway.handler_chain.absent_members import in_one_pass, places_of
from localstack_plugin.gateway.handler_chain.remembered_paths import remembered


def test_a_path_is_matched_once_for_each_method() -> None:
    calls = list[tuple[str, str]]()

    def match(path: str, method: str, return_rule: bool) -> tuple[str, str]:
        calls.append((path, method))
        if path == "/none":
            raise LookupError
        return path, method

    url_map = remembered(lambda service: SimpleNamespace(bind=lambda host: SimpleNamespace(match=match)))("s3")
    for _ in range(2):
        for path, method in (("/a", "GET"), ("/a", "PUT"), ("/b", "GET")):
            assert url_map.bind("localhost").match(path, method=method, return_rule=True) == (path, method)
        with pytest.raises(LookupError):
            url_map.bind("localhost").match("/none", method="GET", return_rule=True)
    assert calls == [("/a", "GET"), ("/a", "PUT"), ("/b", "GET"), ("/none", "GET"), ("/none", "GET")]


def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@pytest.fixture(scope="module")
def s3() -> ServiceModel:
    return model("s3")


class Parser:
    """A parser that finds a member where LocalStack's does, one by one."""

    def __init__(self) -> None:
        self.parsed = list[str]()

    def _parse_shape(self, request: Any, shape: Any, node: Any, uri_params: Any) -> Any:
        name = shape.serialization.get("name")
        self.parsed.append(name)
        match shape.serialization["location"]:
            case "header":
                return request.headers.get(name)
            case "querystring" if shape.type_name == "list":
                return request.args.getlist(name)
            case "querystring":
                return request.args.get(name)
            case "uri":
                return uri_params[name]
            case "headers":
                return {key: value for key, value in request.headers if key.lower().startswith(name)}

    def parse_structure(self, request: Any, shape: Any, node: Any, uri_params: Any) -> dict[str, Any]:
        members = shape.members.items()
        return {name: self._parse_shape(request, member, None, uri_params) for name, member in members}


@pytest.mark.parametrize("operation", ["GetObject", "HeadObject", "ListObjectsV2", "DeleteObject", "GetObjectAcl"])
def test_members_that_are_absent_are_none_without_a_search(s3: ServiceModel, operation: str) -> None:
    sent = Headers({"range": "bytes=0-1", "X-Amz-Meta-a": "1"})
    builder = EnvironBuilder(headers=sent, query_string="versionId=1&prefix=a")
    request, parser, shape = Request(builder.get_environ()), Parser(), s3.operation_model(operation).input_shape
    uri_params = {"Bucket": "bucket", "Key": "key"}
    expected = parser.parse_structure(request, shape, None, uri_params)
    searched = len(parser.parsed)
    parse: Callable[..., Any] = in_one_pass(lambda *_: pytest.fail("the members are all outside the body"))
    assert parse(parser, request, shape, Element(""), uri_params) == expected
    assert list(parse(parser, request, shape, Element(""), uri_params)) == list(expected)
    assert len(parser.parsed) - searched < 2 * searched


def test_a_list_in_the_query_that_is_absent_is_empty() -> None:
    shape = model("s3control").operation_model("UntagResource").input_shape
    request, uri_params = Request(EnvironBuilder().get_environ()), {"resourceArn": "arn"}
    parse = in_one_pass(lambda *_: pytest.fail("the members are all outside the body"))
    assert parse(Parser(), request, shape, Element(""), uri_params)["TagKeys"] == []


def test_members_in_a_body_are_left_to_localstack(s3: ServiceModel) -> None:
    calls = list[Any]()

    def parse_body(*arguments: Any) -> dict[str, Any]:
        calls.append(arguments)
        return {}

    parse = in_one_pass(parse_body)
    body = Element("Delete")
    SubElement(body, "Object")
    for shape, node in (
        (s3.operation_model("GetObject").input_shape, body),
        (s3.operation_model("GetObject").input_shape, [Element("")]),
        (s3.shape_for("Delete"), Element("")),
    ):
        parse(Parser(), Request(EnvironBuilder().get_environ()), shape, node, {"Bucket": "a", "Key": "b"})
    assert len(calls) == 3
    assert places_of(s3.shape_for("Delete")) is None
