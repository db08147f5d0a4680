import json
from collections.abc import Callable

import pytest

from scones import role
from scones.kit import Kit


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_a_policy_is_of_its_regions_partition(
    monkeypatch: pytest.MonkeyPatch, make_kit: Callable[..., Kit], region: str, partition: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    statements = json.loads(role.policy(make_kit()))["Statement"]
    arns = {arn for statement in statements for arn in statement["Resource"] if arn != "*"}
    assert {arn.split(":")[1] for arn in arns} == {partition}
