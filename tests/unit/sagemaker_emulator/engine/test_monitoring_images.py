"""AWS's prebuilt images of Model Monitor are recognized in every region, and no other images are."""

import pytest

from sagemaker_emulator.engine.monitoring_images import monitoring_command


@pytest.mark.parametrize(
    ("image", "arguments"),
    [
        ("156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer", ()),
        ("607024016150.dkr.ecr.ap-east-1.amazonaws.com/sagemaker-model-monitor-analyzer:latest", ()),
        ("453252182341.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-model-monitor-analyzer", ()),
        ("sagemaker-model-monitor-analyzer", ()),
        ("156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-groundtruth-merger", ("merge",)),
    ],
)
def test_the_kits_analyzer_runs_in_the_place_of_awss(image: str, arguments: tuple[str, ...]) -> None:
    command = monitoring_command(image)
    assert command is not None
    assert command[1:] == ("-m", "image_monitoring", *arguments)


@pytest.mark.parametrize(
    "image", ["someone/else/sagemaker-model-monitor-analyzer", "sagemaker-model-monitor-analyzer-2", "analyzer:1"]
)
def test_other_images_are_not_its(image: str) -> None:
    assert monitoring_command(image) is None
