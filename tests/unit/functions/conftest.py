"""Load each function from its file, as Lambda does, in an environment like Lambda's."""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import boto3
import pytest
from moto import mock_aws

FUNCTIONS = Path(__file__).parents[3] / "src" / "functions"
UNWANTED = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "THRESHOLD")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "ENDPOINT_NAME": "scones",
}


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        for name in UNWANTED:
            monkeypatch.delenv(name, raising=False)
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # an earlier test's session may have read other settings
        yield


@pytest.fixture(scope="module")
def serialize(aws: None) -> ModuleType:
    app = load_app("serialize")
    app.s3.create_bucket(Bucket="images")
    return app


@pytest.fixture(scope="module")
def classify(aws: None) -> ModuleType:
    return load_app("classify")


@pytest.fixture(scope="module")
def filter_(aws: None) -> ModuleType:
    return load_app("filter")


@pytest.fixture(scope="module")
def inspect_data(aws: None) -> ModuleType:
    return load_app("inspect_data")


@pytest.fixture(scope="module")
def evaluate(aws: None) -> ModuleType:
    return load_app("evaluate")


@pytest.fixture(scope="module")
def smoke_test(aws: None) -> ModuleType:
    return load_app("smoke_test")


@cache
def load_app(name: str) -> ModuleType:
    """Return the function's module, imported only once with its clients, as in a warm Lambda environment."""
    spec = importlib.util.spec_from_file_location(f"functions.{name}.app", FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
