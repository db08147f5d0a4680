from __future__ import annotations

import pytest

from sagemaker_emulator.resources.image_region import other_region


@pytest.mark.parametrize(
    ("image", "other"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", None),
        ("433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:latest", "us-west-2"),
        ("390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/image-classification:1", "cn-north-1"),
        ("763104351884.dkr.ecr-fips.us-gov-west-1.amazonaws.com/pytorch-training:2", "us-gov-west-1"),
        ("000000000000.dkr.ecr.eu-west-1.amazonaws.com/own:1", None),
        ("my-image:latest", None),
        ("registry.example.com/us-west-2/image", None),
    ],
)
def test_only_an_image_in_ecr_has_a_region(image: str, other: str | None) -> None:
    assert other_region(image, "us-east-1") == other
