"""The hosted workflow: its steps run here as they stand, with the local cloud as staging and moto as production."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from tests.hosted_steps import HostedRun, StepFailedError
from werkzeug.serving import make_server

from local_cloud.settings import Settings

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("SCONES_TEST_CLOUD", "embedded") != "embedded", reason="the steps are the same on every cloud"
    ),
    # moto's CloudFormation warns about resource types that it cannot create
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]

ROOT = Path(__file__).parents[2]
NAME = f"hosted-{uuid4().hex[:8]}"
DEPLOYS = "arn:aws:iam::000000000000:role/deploy"
READS = "arn:aws:iam::000000000000:role/read"
SAGEMAKER = "arn:aws:iam::123456789012:role/sagemaker"
DEPLOYS_PRODUCTION = "arn:aws:iam::123456789012:role/deploy"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PROFILE = """[profile {name}]
endpoint_url = {url}
s3 =
    addressing_style = path
"""


class Moto:
    """moto as a WSGI application, which gets the number of each InvokeEndpoint instead of its body.

    moto reads bodies as text, and remembers its answer to each.
    """

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._numbers = count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/invocations"):
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            body = str(next(self._numbers)).encode()
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self._application(environ, start_response)


@pytest.fixture(scope="module")
def production() -> Iterator[str]:
    """Return the URL of another account's AWS."""
    server = make_server("127.0.0.1", 0, Moto(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def hosted(cloud: Settings, production: str, tmp_path_factory: pytest.TempPathFactory) -> HostedRun:
    """Return a run on a machine whose profiles lead to the two clouds: the only difference from a runner of GitHub."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    urls = {"staging": cloud.localstack_url, "production": production}
    config = "".join(PROFILE.format(name=name, url=url) for name, url in urls.items())
    (home / ".aws" / "config").write_text(config)
    surroundings = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_", "PYTEST_"))},
        "HOME": str(home),
        "GITHUB_SHA": "0123456789abcdef",
        # smaller than the defaults, because this machine is: 500 images, few epochs
        "DATASET": str(ROOT / "data" / "sample.tar.gz"),
        "BUCKET": NAME,
        "HYPERPARAMETERS": "epochs=2",
        "ACCURACY_AT_LEAST": "0.3",
        "LATENCY_AT_MOST_MS": "20000",
        "THRESHOLD": "0",
        "IMAGES": "2",
        "OUT": str(home / "out"),
    }
    variables = {
        "": {"AWS_REGION": "us-east-1", "STACK": NAME, "ENDPOINT_NAME": NAME, "STAGING_READ_ROLE_ARN": READS},
        "staging": {"DEPLOY_ROLE_ARN": DEPLOYS},
        # moto's CloudFormation leaves out the output with the stack's own role
        "production": {"DEPLOY_ROLE_ARN": DEPLOYS_PRODUCTION, "SAGEMAKER_ROLE_ARN": SAGEMAKER},
    }
    credentials = dict.fromkeys((DEPLOYS, READS, DEPLOYS_PRODUCTION), KEYS)
    return HostedRun(ROOT / ".github" / "workflows" / "deploy.yml", ROOT, surroundings, variables, credentials)


def client_of(url: str, service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.Session(**keys).client(service, endpoint_url=url)


def digest(url: str, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return hashlib.sha256(client_of(url, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest()


def answer_of_staging(url: str) -> str:
    """Return the answer of the endpoint in staging for the image that both endpoints get."""
    s3 = client_of(url, "s3")
    key = s3.list_objects_v2(Bucket=NAME, Prefix="test/", MaxKeys=1)["Contents"][0]["Key"]
    image = s3.get_object(Bucket=NAME, Key=key)["Body"].read()
    runtime = client_of(url, "sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=NAME, Body=image, ContentType="image/png", Accept="application/json")
    return str(answer["Body"].read().decode())


def let_production_answer(url: str, body: str) -> None:
    """Tell moto, which serves no models, the next answer of its endpoint."""
    result = {"Body": body, "ContentType": "application/json", "InvokedProductionVariant": "AllTraffic"}
    queued = {"account_id": "123456789012", "region": "us-east-1", "results": [result]}
    request = Request(
        f"{url}/moto-api/static/sagemaker/endpoint-results",
        data=json.dumps(queued).encode(),
        headers={"Content-Type": "application/json"},
    )
    urlopen(request).close()


def test_a_model_goes_from_staging_to_production_once_its_package_is_approved(
    hosted: HostedRun, cloud: Settings, production: str
) -> None:
    staging = client_of(cloud.localstack_url, "sagemaker")
    hosted.job("staging")
    package = hosted.outputs["staging"]["package"]
    assert re.fullmatch(rf"arn:aws:sagemaker:us-east-1:000000000000:model-package/{NAME}/1", package)
    assert "0123456789abcdef" in staging.describe_model_package(ModelPackageName=package)["ApprovalDescription"]

    with pytest.raises(StepFailedError, match=r"(?s)Require the approval.*is PendingManualApproval, not Approved"):
        hosted.job("approval")
    staging.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    hosted.job("approval")

    let_production_answer(production, answer_of_staging(cloud.localstack_url))
    hosted.job("production")
    assert hosted.roles == [DEPLOYS, READS, READS, READS, DEPLOYS_PRODUCTION]
    served = client_of(production, "sagemaker")
    config = served.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    [variant] = served.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = served.describe_model(ModelName=variant["ModelName"])
    [container] = staging.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"]
    copied = digest(production, model["PrimaryContainer"]["ModelDataUrl"])
    assert copied == digest(cloud.localstack_url, container["ModelDataUrl"])
    tags = {tag["Key"]: tag["Value"] for tag in served.list_tags(ResourceArn=model["ModelArn"])["Tags"]}
    assert tags["model-package"] == package


def test_a_different_answer_in_production_fails_the_smoke_test(hosted: HostedRun, production: str) -> None:
    let_production_answer(production, "[0.5, 0.5]")
    command = ".venv/bin/python ci/promote.py compare --from staging --to production"
    step = {"name": "Smoke test", "run": command}
    environment = {**hosted.surroundings, "STACK": NAME, "ENDPOINT_NAME": NAME}
    with pytest.raises(StepFailedError, match="but in staging it is"):
        hosted._ran(step, environment)
