"""Job definitions of Model Monitor: created, described, listed, deleted, and refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.monitoring.monitor import (
    IMAGE,
    OPERATION,
    TYPES,
    Monitor,
)


@pytest.mark.parametrize("type_", TYPES)
def test_a_definition_is_created_described_listed_and_deleted(monitor: Monitor, type_: str) -> None:
    arn = monitor.define(f"d-{type_}", type_, Tags=[{"Key": "team", "Value": "bikes"}])
    call = {
        name: getattr(monitor.client, f"{name}_{OPERATION[type_]}_job_definition") for name in ("describe", "delete")
    }
    described = call["describe"](JobDefinitionName=f"d-{type_}")
    assert described["JobDefinitionArn"] == arn
    assert f":{OPERATION[type_].replace('_', '-')}-job-definition/" in arn
    assert described[f"{type_}AppSpecification"]["ImageUri"] == IMAGE
    assert monitor.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "bikes"}]
    listing = getattr(monitor.client, f"list_{OPERATION[type_]}_job_definitions")
    (summary,) = listing(EndpointName="e", NameContains=f"d-{type_}")["JobDefinitionSummaries"]
    assert (summary["MonitoringJobDefinitionArn"], summary["EndpointName"]) == (arn, "e")
    assert not listing(EndpointName="other")["JobDefinitionSummaries"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        monitor.define(f"d-{type_}", type_)
    call["delete"](JobDefinitionName=f"d-{type_}")
    for operation in call.values():
        with pytest.raises(ClientError, match="ResourceNotFound"):
            operation(JobDefinitionName=f"d-{type_}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role"),
        ({"DataQualityJobInput": {}}, "needs an EndpointInput or a BatchTransformInput"),
        (
            {"DataQualityAppSpecification": {"ImageUri": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mine:1"}},
            "Invalid region eu-west-1",
        ),
    ],
)
def test_a_definition_that_could_never_run_is_refused(monitor: Monitor, changes: Any, reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        monitor.define("refused", **changes)
