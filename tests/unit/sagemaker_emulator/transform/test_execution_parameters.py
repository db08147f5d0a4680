"""Execution parameters: the request's, else the container's, else the defaults."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.transform.execution_parameters import DEFAULTS, ExecutionParameters


def test_the_request_precedes_the_container_and_the_container_the_defaults() -> None:
    requested = ExecutionParameters.of_request({"MaxConcurrentTransforms": 0})
    asked = ExecutionParameters.of_container({"MaxConcurrentTransforms": 9, "MaxPayloadInMB": 0})
    assert requested.filled_from(asked).filled_from(DEFAULTS) == ExecutionParameters(0, 0, "MULTI_RECORD")


def test_the_defaults_are_awss() -> None:
    assert ExecutionParameters(1, 6, "MULTI_RECORD") == DEFAULTS


@pytest.mark.parametrize(("strategy", "spelled"), [("SingleRecord", "SINGLE_RECORD"), ("MultiRecord", "MULTI_RECORD")])
def test_only_the_requests_parameters_are_passed_to_the_container(strategy: str, spelled: str) -> None:
    parameters = ExecutionParameters.of_request({"BatchStrategy": strategy, "MaxPayloadInMB": 2})
    assert parameters.environment() == {
        "SAGEMAKER_BATCH_STRATEGY": spelled,
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
    }


@pytest.mark.parametrize(
    "answer",
    [
        {"MaxConcurrentTransforms": "many", "BatchStrategy": None, "MaxPayloadInMB": -1},
        {"MaxConcurrentTransforms": True, "BatchStrategy": "SingleRecord", "MaxPayloadInMB": 101},
        {"MaxConcurrentTransforms": 1.5, "Other": 1},
    ],
)
def test_impossible_parameters_of_a_container_are_left_out(answer: dict[str, Any]) -> None:
    assert ExecutionParameters.of_container(answer) == ExecutionParameters()


def test_the_limits_themselves_are_possible() -> None:
    answer = {"MaxConcurrentTransforms": 100, "MaxPayloadInMB": 0, "BatchStrategy": "SINGLE_RECORD"}
    assert ExecutionParameters.of_container(answer) == ExecutionParameters(100, 0, "SINGLE_RECORD")
