"""Random documents and invocations, and the memory that the models take."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sagemaker_emulator.wire.wire_requests import invocation, sagemaker_request

from sagemaker_emulator.wire import AwsError, HttpRequest, operation_names, parse, serialize_error, validate
from sagemaker_emulator.wire.model import Value

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
MEMBERS = {"TrainingJobName", "Tags", "HyperParameters", "ResourceConfig", "InputDataConfig", "MaxResults", "Filters"}


def answered(request: HttpRequest) -> int:
    try:
        validate(parse(request))
    except AwsError as error:
        return serialize_error(request, error, "id").status
    return 200


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*operation_names("sagemaker")]),
    st.dictionaries(st.sampled_from(sorted(MEMBERS)) | st.text(), DOCUMENTS),
)
def test_any_document_is_answered_without_a_crash(operation: str, document: dict[str, Value]) -> None:
    assert answered(sagemaker_request(operation, document)) in (200, 400)


@settings(max_examples=200, deadline=None)
@given(st.text(), st.binary(), st.text())
def test_any_invocation_is_answered_without_a_crash(endpoint: str, body: bytes, content_type: str) -> None:
    request = invocation(endpoint.encode("utf-8", "replace").decode(), body, Content_Type=content_type)
    assert answered(request) in (200, 400, 404)


def test_both_models_cost_less_than_35_mb() -> None:
    script = (
        "import psutil, json; rss = lambda: psutil.Process().memory_info().rss; before = rss()\n"
        "from sagemaker_emulator import wire\n"
        "[wire.operation_names(s) for s in ('sagemaker', 'sagemaker-runtime')]\n"
        "print((rss() - before) / 2**20)"
    )
    measured = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert float(measured.stdout) < 35
