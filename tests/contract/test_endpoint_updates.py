"""UpdateEndpoint and UpdateEndpointWeightsAndCapacities: swapped without downtime, rolled back, rescaled."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError


@pytest.fixture(scope="module", autouse=True)
def plain_endpoint(hosting: Any) -> None:
    hosting.simple("answers")


def invoked(runtime: Any, endpoint: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain", **more)
    return {**answer, "Body": json.loads(answer["Body"].read())}


def test_an_update_serves_the_new_model_and_drops_no_request(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("updated", "old")
    hosting.model("updated-new", "new")
    hosting.config("updated-new", {"VariantName": "AllTraffic", "ModelName": "updated-new"})
    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-new")
    seen = []
    while sagemaker.describe_endpoint(EndpointName="updated")["EndpointStatus"] != "InService":
        with ThreadPoolExecutor(4) as pool:
            seen += [answer["Body"]["model"] for answer in pool.map(lambda _: invoked(runtime, "updated"), range(8))]
    assert set(seen) <= {"old", "new"}
    assert invoked(runtime, "updated")["Body"]["model"] == "new"
    assert sagemaker.describe_endpoint(EndpointName="updated")["EndpointConfigName"] == "updated-new"


def test_a_request_in_flight_at_the_swap_is_answered_by_the_old_model(
    hosting: Any, runtime: Any, sagemaker: Any, until: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    waits = f"""
import pathlib, time
gate = pathlib.Path({str(gate)!r})
(gate.parent / "reached").touch()
while not gate.exists():
    time.sleep(0.01)
handler._answer(200, b'"old"', "application/json")
"""
    hosting.model("swapped", environment={"ANSWER": waits})
    hosting.config("swapped", {"VariantName": "AllTraffic", "ModelName": "swapped"})
    hosting.endpoint("swapped", "swapped")
    hosting.model("swapped-new", "new")
    hosting.config("swapped-new", {"VariantName": "AllTraffic", "ModelName": "swapped-new"})
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(invoked, runtime, "swapped")
        until((tmp_path / "reached").exists, "the request to reach the old model")
        sagemaker.update_endpoint(EndpointName="swapped", EndpointConfigName="swapped-new")
        assert hosting.settled("swapped")["EndpointConfigName"] == "swapped-new"
        assert invoked(runtime, "swapped")["Body"]["model"] == "new"
        gate.touch()
        assert answer.result()["Body"] == "old"


def test_a_failed_update_leaves_the_old_deployment_in_service(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("kept", "old")
    hosting.model("kept-bad", environment={"REFUSE_TO_START": "1"})
    hosting.config("kept-bad", {"VariantName": "AllTraffic", "ModelName": "kept-bad"})
    sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="kept-bad")
    endpoint = hosting.settled("kept")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "kept"
    assert "this model is no good" in endpoint["FailureReason"]
    assert invoked(runtime, "kept")["Body"]["model"] == "old"


def test_a_rescaling_changes_weights_at_once_and_then_instances(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.model("scaled")
    variants = [{"VariantName": name, "ModelName": "scaled"} for name in ("Blue", "Green")]
    hosting.config("scaled", *variants)
    hosting.endpoint("scaled", "scaled")
    desired = [
        {"VariantName": "Blue", "DesiredWeight": 0.0, "DesiredInstanceCount": 1},
        {"VariantName": "Green", "DesiredWeight": 2.0, "DesiredInstanceCount": 2},
    ]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="scaled", DesiredWeightsAndCapacities=desired)
    assert {invoked(runtime, "scaled")["InvokedProductionVariant"] for _ in range(5)} == {"Green"}
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="scaled", WaiterConfig={"Delay": 1})
    shown = {one["VariantName"]: one for one in hosting.settled("scaled")["ProductionVariants"]}
    assert [shown[name]["CurrentInstanceCount"] for name in ("Blue", "Green")] == [1, 2]
    assert [shown[name]["CurrentWeight"] for name in ("Blue", "Green")] == [0.0, 2.0]
    assert shown["Green"]["DeployedImages"][0]["SpecifiedImage"].endswith("/contract:1")


@pytest.mark.parametrize(
    ("endpoint", "desired", "message"),
    [
        ("never-made", [{"VariantName": "AllTraffic"}], 'Could not find endpoint "'),
        ("answers", [{"VariantName": "Red"}], 'The variant name\\(s\\) "Red" is/are not present within endpoint conf'),
        ("answers", [{"VariantName": "AllTraffic"}] * 2, 'The variant name "AllTraffic" was non-unique within the req'),
        ("answers", [{"VariantName": "AllTraffic", "DesiredInstanceCount": -1}], "(?s)valid|greater"),
    ],
)
def test_a_rescaling_that_cannot_be_done_is_refused(
    sagemaker: Any, endpoint: str, desired: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises((ClientError, ParamValidationError), match=message):
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=desired)


def test_an_endpoint_shows_its_pending_update_and_refuses_changes_meanwhile(
    hosting: Any, sagemaker: Any, tmp_path: Path
) -> None:
    hosting.simple("pending")
    gate = tmp_path / "gate"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)"
    hosting.model("pending-new", environment={"AT_START": waits})
    hosting.config("pending-new", {"VariantName": "AllTraffic", "ModelName": "pending-new"})
    sagemaker.update_endpoint(EndpointName="pending", EndpointConfigName="pending-new")
    endpoint = sagemaker.describe_endpoint(EndpointName="pending")
    assert endpoint["EndpointStatus"] == "Updating"
    assert endpoint["EndpointConfigName"] == "pending"
    summary = endpoint["PendingDeploymentSummary"]
    assert summary["EndpointConfigName"] == "pending-new"
    assert summary["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    refused = "Cannot update in-progress endpoint"
    with pytest.raises(ClientError, match=refused):
        sagemaker.delete_endpoint(EndpointName="pending")
    with pytest.raises(ClientError, match=refused):
        sagemaker.update_endpoint(EndpointName="pending", EndpointConfigName="pending")
    with pytest.raises(ClientError, match=refused):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="pending", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
        )
    gate.touch()
    assert "PendingDeploymentSummary" not in hosting.settled("pending")


def test_an_update_can_retain_scaled_variant_properties(hosting: Any, sagemaker: Any) -> None:
    hosting.simple("retained")
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="retained", DesiredWeightsAndCapacities=desired)
    hosting.settled("retained")
    hosting.config("retained-new", {"VariantName": "AllTraffic", "ModelName": "retained"})
    sagemaker.update_endpoint(
        EndpointName="retained",
        EndpointConfigName="retained-new",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = hosting.settled("retained")["ProductionVariants"]
    assert (variant["DesiredInstanceCount"], variant["DesiredWeight"]) == (2, 1.0)


def test_a_failed_endpoint_can_be_updated_or_deleted_and_its_name_reused(hosting: Any, sagemaker: Any) -> None:
    hosting.model("second", environment={"REFUSE_TO_START": "1"})
    hosting.config("second", {"VariantName": "AllTraffic", "ModelName": "second"})
    assert hosting.endpoint("second", "second")["EndpointStatus"] == "Failed"
    hosting.model("second-good")
    hosting.config("second-good", {"VariantName": "AllTraffic", "ModelName": "second-good"})
    sagemaker.update_endpoint(EndpointName="second", EndpointConfigName="second-good")
    assert hosting.settled("second")["EndpointStatus"] == "InService"
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="second", EndpointConfigName="second")
    sagemaker.delete_endpoint(EndpointName="second")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="second", WaiterConfig={"Delay": 1})
    assert hosting.endpoint("second", "second")["EndpointStatus"] == "Failed"
    sagemaker.delete_endpoint(EndpointName="second")
