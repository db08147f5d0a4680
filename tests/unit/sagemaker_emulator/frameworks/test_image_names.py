"""The names of AWS's framework images, as the SageMaker Python SDK makes them."""

from __future__ import annotations

import pytest

from sagemaker_emulator.frameworks.image_names import FrameworkImage, framework_image

PRIVATE = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        # sagemaker/image_uri_config/sklearn.json; versions and Pythons: sagemaker-scikit-learn-container, docker/
        ("sagemaker-scikit-learn:0.20.0-cpu-py3", FrameworkImage("scikit-learn", "0.20.0", "both", "3.7")),
        ("sagemaker-scikit-learn:0.23-1-cpu-py3", FrameworkImage("scikit-learn", "0.23.2", "both", "3.7")),
        ("sagemaker-scikit-learn:1.0-1-cpu-py3", FrameworkImage("scikit-learn", "1.0.2", "both", "3.7")),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", FrameworkImage("scikit-learn", "1.2.1", "both", "3.9")),
        ("sagemaker-scikit-learn:1.4-2-cpu-py3", FrameworkImage("scikit-learn", "1.4.2", "both", "3.10")),
        ("sagemaker-scikit-learn:1.4-2-py312-cpu", FrameworkImage("scikit-learn", "1.4.2", "both", "3.12")),
        # xgboost.json; XGBOOST_VERSION in sagemaker-xgboost-container, docker/
        ("sagemaker-xgboost:1.5-1", FrameworkImage("xgboost", "1.5.2", "both", "3.8")),
        ("sagemaker-xgboost:1.7-1", FrameworkImage("xgboost", "1.7.4", "both", "3.10")),
        ("sagemaker-xgboost:3.0-5", FrameworkImage("xgboost", "3.0.5", "both", "3.10")),
        ("xgboost:latest", FrameworkImage("xgboost", "0.72.1", "both", "3.7")),
        # pytorch.json and tensorflow.json
        (
            "pytorch-training:2.8.0-gpu-py312-cu129-ubuntu22.04-sagemaker",
            FrameworkImage("pytorch", "2.8.0", "training", "3.12", is_for_gpus=True),
        ),
        ("pytorch-training:2.8-cpu-py312", FrameworkImage("pytorch", "2.8.0", "training", "3.12")),
        ("pytorch-inference:2.7-cpu-py312", FrameworkImage("pytorch", "2.7.1", "inference", "3.12")),
        ("pytorch-training:2.99-cpu-py312", FrameworkImage("pytorch", "2.99", "training", "3.12")),
        ("pytorch-inference:2.6.0-cpu-py312", FrameworkImage("pytorch", "2.6.0", "inference", "3.12")),
        ("tensorflow-training:2.19.0-cpu-py312", FrameworkImage("tensorflow", "2.19.0", "training", "3.12")),
        ("tensorflow-inference:2.19.0-cpu", FrameworkImage("tensorflow", "2.19.0", "inference", None)),
        # huggingface.json
        (
            "huggingface-pytorch-training:2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04",
            FrameworkImage("huggingface", "4.56.2", "training", "3.12", True, "pytorch", "2.8.0"),
        ),
        (
            "huggingface-tensorflow-inference:2.11.1-transformers4.26.0-cpu-py39-ubuntu20.04",
            FrameworkImage("huggingface", "4.26.0", "inference", "3.9", False, "tensorflow", "2.11.1"),
        ),
    ],
)
def test_repository_and_tag_say_framework_version_purpose_python_and_device(
    image: str, expected: FrameworkImage
) -> None:
    assert framework_image(f"{PRIVATE}/{image}") == expected


@pytest.mark.parametrize(
    "registry",
    [
        "",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/",
        "000000000000.dkr.ecr-fips.us-gov-west-1.amazonaws.com/",
        "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/",
        "833128469047.dkr.ecr.us-iso-east-1.c2s.ic.gov/",
        "281123927165.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/",
        "763104351884.dkr-ecr.us-west-2.on.aws/",
        "public.ecr.aws/deep-learning-containers/",
    ],
)
def test_account_region_and_partition_do_not_matter(registry: str) -> None:
    image = framework_image(f"{registry}pytorch-training:2.8.0-cpu-py312")
    assert image == FrameworkImage("pytorch", "2.8.0", "training", "3.12")


@pytest.mark.parametrize(
    "image",
    [
        f"{PRIVATE}/mxnet-training:1.9.0-cpu-py38",
        f"{PRIVATE}/huggingface-pytorch-tgi-inference:2.0.1-tgi1.0.3-gpu-py39",
        f"{PRIVATE}/pytorch-training",
        f"{PRIVATE}/pytorch-training:latest",
        f"{PRIVATE}/huggingface-pytorch-training:2.8.0-gpu-py312",
        f"{PRIVATE}/mine/pytorch-training:2.8.0-cpu-py312",
        "example.com/pytorch-training:2.8.0-cpu-py312",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1",
    ],
)
def test_other_images_are_not_recognized(image: str) -> None:
    assert framework_image(image) is None


def test_a_digest_after_the_tag_is_allowed() -> None:
    image = f"{PRIVATE}/sagemaker-xgboost:1.7-1@sha256:{'0' * 64}"
    assert framework_image(image) == FrameworkImage("xgboost", "1.7.4", "both", "3.10")
