"""Endpoints of several containers and of several models, with real containers and the SageMaker SDK v2's own calls."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from scones.sagemaker_sdk import quiet

from .sdk_session import sdk_session

with quiet():
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.multidatamodel import MultiDataModel
    from sagemaker.pipeline import PipelineModel
    from sagemaker.predictor import Predictor
    from sagemaker.serializers import JSONSerializer
    from sagemaker.session import Session
    from sagemaker.sklearn import SKLearnModel

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

SCRIPTS = str(Path(__file__).with_name("framework_scripts"))
BUCKET = f"shapes-{uuid4().hex[:8]}"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
SERVED: dict[str, Any] = {
    "initial_instance_count": 1,
    "instance_type": "ml.m5.large",
    "container_startup_health_check_timeout": 600,  # on a machine with ten times its load
}
MODELS = {"double": (2, 0), "next": (1, 1), "negative": (-1, 0)}  # name: factor and summand


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with sdk_session(BUCKET) as session:
        yield session


def model(session: Session, name: str) -> SKLearnModel:
    factor, summand = MODELS[name]
    packed, content = io.BytesIO(), json.dumps({"factor": factor, "summand": summand}).encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("numbers.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"models/{name}.tar.gz", Body=packed.getvalue())
    uri = f"s3://{BUCKET}/models/{name}.tar.gz"
    return SKLearnModel(uri, ROLE, "arithmetic.py", "1.4-2", source_dir=SCRIPTS, sagemaker_session=session)


def predictor(endpoint: str, session: Session) -> Predictor:
    return Predictor(endpoint, session, serializer=JSONSerializer(), deserializer=JSONDeserializer())


def test_a_pipeline_of_three_containers(session: Session) -> None:
    row = PipelineModel([model(session, name) for name in MODELS], ROLE, sagemaker_session=session)
    row.deploy(**SERVED)
    served = predictor(row.endpoint_name, session)
    try:
        assert served.predict([[1, 2], [3, 4]]) == [[-3, -5], [-7, -9]]
    finally:
        served.delete_endpoint()


def test_models_behind_one_endpoint(session: Session) -> None:
    models = {name: model(session, name) for name in MODELS}
    many = MultiDataModel(
        f"many-{uuid4().hex[:8]}", f"s3://{BUCKET}/many/", models["double"], sagemaker_session=session
    )
    for name in MODELS:
        many.add_model(f"s3://{BUCKET}/models/{name}.tar.gz", f"{name}.tar.gz")
    many.deploy(**SERVED)
    served = predictor(many.endpoint_name, session)
    try:
        answers = {name: served.predict([[1, 2]], target_model=f"{name}.tar.gz") for name in (*MODELS, "double")}
        assert answers == {"double": [[2, 4]], "next": [[2, 3]], "negative": [[-1, -2]]}
    finally:
        served.delete_endpoint()
