"""Retry policies, durations of caches, cache keys, values of parameters, and names of jobs."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from sagemaker_emulator.pipelines.attempts import resource_name
from sagemaker_emulator.pipelines.definitions.arguments import request_of
from sagemaker_emulator.pipelines.definitions.caching import cache_key, duration_s
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError
from sagemaker_emulator.pipelines.definitions.parameters import Parameter
from sagemaker_emulator.pipelines.definitions.retry_policies import (
    INTERRUPTED,
    PAUSE_MAX_S,
    RESOURCE_LIMIT,
    SERVICE_FAULT,
    RetryPolicy,
    policy_for,
)
from sagemaker_emulator.pipelines.definitions.steps import Step

ID = "abcdefghijkl"


def policy(**members: Any) -> RetryPolicy:
    return RetryPolicy.parse({"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], **members})


def test_pauses_grow_until_the_attempts_are_used_up() -> None:
    one = policy(IntervalSeconds=3, BackoffRate=2, MaxAttempts=3)
    assert [one.pause_s(failures, 0.0) for failures in range(4)] == [3, 6, 12, None]


def test_pauses_of_any_backoff_rate_are_bounded() -> None:
    assert policy(BackoffRate=1e300, MaxAttempts=5).pause_s(2, 0.0) == PAUSE_MAX_S
    assert policy(BackoffRate=1e300, IntervalSeconds=0, MaxAttempts=5).pause_s(2, 0.0) == 0


@pytest.mark.parametrize("rate", [math.inf, math.nan, 10**400])
def test_a_backoff_rate_that_is_no_finite_number_is_refused(rate: float) -> None:
    with pytest.raises(DefinitionError, match="BackoffRate must be a number"):
        policy(BackoffRate=rate, MaxAttempts=5)


def test_an_attempt_does_not_begin_after_the_expiry() -> None:
    one = policy(IntervalSeconds=30, BackoffRate=1, ExpireAfterMin=1)
    assert one.pause_s(0, 0.0) == 30
    assert one.pause_s(1, 30.0) == 30
    assert one.pause_s(2, 31.0) is None


def test_a_policy_covers_its_exception_types() -> None:
    one = policy(MaxAttempts=1)
    assert policy_for([one], RESOURCE_LIMIT) is one
    assert policy_for([], RESOURCE_LIMIT) is None
    assert policy_for([], None) is None


def test_faults_of_a_service_are_tried_again_without_a_policy() -> None:
    default = policy_for([], SERVICE_FAULT)
    assert default is not None
    assert default.pause_s(0, 0.0) == 1
    assert default.pause_s(5, 0.0) is None


def test_a_policy_of_the_step_takes_the_place_of_the_default() -> None:
    own = RetryPolicy(frozenset({SERVICE_FAULT}), max_attempts=1)
    assert policy_for([own], SERVICE_FAULT) is own


def test_an_attempt_that_the_emulator_interrupted_is_always_made_again() -> None:
    default = policy_for([policy(MaxAttempts=1)], INTERRUPTED)
    assert default is not None
    assert default.pause_s(1000, 1e9) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H", 3600),
        ("p30d", 30 * 86_400),
        ("P4DT12H", 4.5 * 86_400),
        ("T12H", 12 * 3600),
        ("30d", 30 * 86_400),
        ("5y", 5 * 365 * 86_400),
        ("T16m", 16 * 60),
        ("30dT5h", 30 * 86_400 + 5 * 3600),
        ("P1W", 7 * 86_400),
        ("P2M", 60 * 86_400),
        ("PT90S", 90),
    ],
)
def test_durations_are_read_as_documented(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1", "H1", "P1H", "soon", "P-1D"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="must be an ISO 8601 duration"):
        duration_s(text)


def test_a_cache_key_depends_on_what_aws_documents() -> None:
    arguments = {"AlgorithmSpecification": {"TrainingImage": "a"}, "ResourceConfig": {"InstanceCount": 1}}
    key = cache_key("Training", arguments, {})
    assert cache_key("Training", {**arguments, "ResourceConfig": {"InstanceCount": 2}}, {}) == key
    assert cache_key("Training", {**arguments, "HyperParameters": {"a": "1"}}, {}) != key
    assert cache_key("Processing", arguments, {}) != key


def test_a_function_step_depends_on_all_its_arguments_and_on_its_function() -> None:
    key = cache_key("Lambda", {"a": 1}, {"FunctionArn": "f"})
    assert cache_key("Lambda", {"a": 1}, {"FunctionArn": "f"}) == key
    assert cache_key("Lambda", {"a": 2}, {"FunctionArn": "f"}) != key
    assert cache_key("Lambda", {"a": 1}, {"FunctionArn": "g"}) != key
    assert cache_key("Callback", {"a": 1}, {"FunctionArn": "f"}) != key


def test_a_tuning_step_does_not_depend_on_its_instances() -> None:
    definition = {"AlgorithmSpecification": {}, "ResourceConfig": {"InstanceCount": 1}}
    key = cache_key("Tuning", {"TrainingJobDefinition": definition}, {})
    other = {**definition, "ResourceConfig": {"InstanceCount": 2}}
    assert cache_key("Tuning", {"TrainingJobDefinition": other}, {}) == key


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("String", "3", "3"),
        ("Integer", "3", 3),
        ("Integer", "-3", -3),
        ("Float", "3", 3.0),
        ("Float", "1e3", 1000.0),
        ("Boolean", "True", True),
        ("Boolean", "false", False),
    ],
)
def test_a_text_is_read_by_the_type_of_its_parameter(type_name: str, text: str, value: Any) -> None:
    read = Parameter("P", type_name).value_of(text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("type_name", "text"),
    [("Integer", "3.5"), ("Integer", ""), ("Float", "nan"), ("Float", "x"), ("Boolean", "1"), ("String", "")],
)
def test_a_text_of_another_type_is_refused(type_name: str, text: str) -> None:
    with pytest.raises(ValueError, match="Parameter 'P'"):
        Parameter("P", type_name).value_of(text)


@pytest.mark.parametrize(
    ("step", "pattern"),
    [
        (Step("AbaloneProcess", "Processing", {}), rf"pipelines-{ID}-AbaloneProcess-\w{{10}}"),
        (Step("AbaloneCreateModel-CreateModel", "Model", {}), rf"pipelines-{ID}-AbaloneCreateModel-C-\w{{10}}"),
        (Step("HPTuningOfAbalone", "Tuning", {}), rf"{ID}-HPTuning-\w{{10}}"),
        (Step("T", "Training", {"TrainingJobName": "my-prefix"}), rf"my-prefix-{ID}-\w{{10}}"),
        (Step("T", "Training", {"TrainingJobName": "a" * 63}), rf"a{{39}}-{ID}-\w{{10}}"),
        (Step("under_score-", "Training", {}), rf"pipelines-{ID}-under-score-\w{{10}}"),
        (Step("Register", "RegisterModel", {}), rf"{ID}-\w{{10}}"),
        (Step("Ask", "Callback", {}), r"[a-zA-Z0-9]{10}"),
    ],
)
def test_names_are_formed_as_on_aws(step: Step, pattern: str) -> None:
    assert re.fullmatch(pattern, resource_name(step, ID))


def test_evaluated_arguments_fit_the_types_of_the_operation() -> None:
    resources = {"InstanceCount": "2", "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
    arguments = {
        "TrainingJobName": "one",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::000000000000:role/sagemaker",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket"},
        "HyperParameters": {"epochs": 3, "rate": 0.5, "flag": True, "none": None},
        "ResourceConfig": resources,
        "Environment": None,
    }
    request = request_of("CreateTrainingJob", arguments)
    assert request["HyperParameters"] == {"epochs": "3", "rate": "0.5", "flag": "true"}
    assert request["ResourceConfig"]["InstanceCount"] == 2
    assert "Environment" not in request
