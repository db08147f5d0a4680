"""Train and deploy the two scripts with the SageMaker SDK 2: `python run.py digits`, or `bicycles BUCKET`.

The same calls on the local AWS (`scones exec -- python run.py digits`) and on AWS: the profile decides. `scones stage`
fills the bucket, and the endpoint is the one that the state machine of `scones deploy` asks.
"""

import os
import sys
from pathlib import Path

import sagemaker
from sagemaker.inputs import TrainingInput
from sagemaker.pytorch import PyTorch
from sagemaker.sklearn import SKLearn

HERE = str(Path(__file__).parent)
MACHINE = {"instance_type": "ml.m5.large", "instance_count": 1}


def digits() -> None:
    estimator = SKLearn("digits.py", "1.2-1", source_dir=HERE, role=sagemaker.get_execution_role(), **MACHINE)
    estimator.fit()
    predictor = estimator.deploy(1, "ml.m5.large")
    print(predictor.predict([[0.0] * 64]))
    predictor.delete_endpoint()


def bicycles(bucket: str) -> None:
    """Leave the endpoint in service, under the name of the setting ENDPOINT_NAME."""
    role = sagemaker.get_execution_role()
    estimator = PyTorch(
        "bicycles.py", source_dir=HERE, role=role, framework_version="2.6.0", py_version="py312", **MACHINE
    )
    estimator.fit(
        {"train": TrainingInput(f"s3://{bucket}/train/"), "train_lst": TrainingInput(f"s3://{bucket}/train.lst")}
    )
    estimator.deploy(1, "ml.m5.large", endpoint_name=os.environ.get("ENDPOINT_NAME", "scones-vehicles"))


if __name__ == "__main__":
    digits() if sys.argv[1:2] == ["digits"] else bicycles(*sys.argv[2:])
