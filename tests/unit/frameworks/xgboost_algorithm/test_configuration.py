"""The algorithm's hyperparameters, channels and content types, with the words in which AWS refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from frameworks.xgboost_algorithm.configuration.channels import Channels
from frameworks.xgboost_algorithm.configuration.hyperparameters import validated_hyperparameters
from frameworks.xgboost_algorithm.content_types import format_of
from frameworks.xgboost_algorithm.errors import UserError

ROUND = {"num_round": "10"}


def test_hyperparameters_are_parsed_and_aliases_replaced() -> None:
    texts = {
        **ROUND,
        "learning_rate": "0.2",
        "max_depth": "5",
        "eval_metric": "auc,error@0.7",
        "objective": "binary:logistic",
        "tree_method": "hist",
        "monotone_constraints": "(1,-1)",
        "interaction_constraints": "[[1,2],[3]]",
    }
    assert validated_hyperparameters(texts) == {
        "num_round": 10,
        "eta": 0.2,
        "max_depth": 5,
        "eval_metric": ["auc", "error@0.7"],
        "objective": "binary:logistic",
        "tree_method": "hist",
        "monotone_constraints": (1, -1),
        "interaction_constraints": [[1, 2], [3]],
    }


@pytest.mark.parametrize(  # source: sagemaker_algorithm_toolkit and algorithm_mode/hyperparameter_validation.py
    ("texts", "message"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({**ROUND, "silent": "1"}, "Extraneous hyperparameter found: silent"),
        ({"num_round": "ten"}, "Hyperparameter num_round: could not parse value (caused by ValueError)"),
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in [1, +inf)"),
        ({**ROUND, "subsample": "0"}, "Hyperparameter subsample: 0.0 is not in (0, 1]"),
        ({**ROUND, "booster": "trees"}, "Hyperparameter booster: trees is not in ['gbtree', 'gblinear', 'dart']"),
        ({**ROUND, "objective": "multi:softmax"}, "Require input for parameter 'num_class' for multi-classification"),
        (
            {**ROUND, "objective": "reg:squarederror", "eval_metric": "auc"},
            "Metric 'auc' can only be applied for classification and ranking problems.",
        ),
        (
            {**ROUND, "eval_metric": "rmse@2"},
            "Metric 'rmse@2' is not supported. Parameter 'eval_metric' with customized",
        ),
        ({**ROUND, "eval_metric": "error@x"}, "Threshold value 't' in 'error@t' expects float input."),
        ({**ROUND, "eval_metric": "speed"}, "Hyperparameter eval_metric: value ['speed'] not in range"),
        (
            {**ROUND, "monotone_constraints": "(1,)"},
            "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'.",
        ),
        (
            {**ROUND, "monotone_constraints": "__import__('os').getcwd()"},
            "Hyperparameter monotone_constraints: could not parse value",
        ),
        (
            {**ROUND, "booster": "gblinear", "updater": "prune"},
            "Linear updater should be one of these options: 'shotgun', 'coord_descent'.",
        ),
        (
            {**ROUND, "updater": "grow_colmaker,grow_histmaker"},
            "Only one tree grow plugin can be selected.",
        ),
        (
            {**ROUND, "process_type": "update", "updater": "sync"},
            "process_type 'update' can only be used with updater 'refresh' and 'prune'",
        ),
    ],
)
def test_wrong_hyperparameters_are_refused_with_awss_words(texts: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        validated_hyperparameters(texts)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(  # source: data_utils.get_content_type
    ("content_type", "expected"),
    [
        (None, "libsvm"),
        ("csv", "csv"),
        ("text/csv", "csv"),
        ("Text/CSV; label_size=1; charset=utf8", "csv"),
        ("text/libsvm ;charset=utf8", "libsvm"),
        ("text/x-libsvm", "libsvm"),
        ("application/x-parquet", "parquet"),
        ("application/x-recordio-protobuf", "recordio-protobuf"),
    ],
)
def test_content_types(content_type: str | None, expected: str) -> None:
    assert format_of(content_type) == expected


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (
            "application/json",
            "application/json is not an accepted ContentType: csv, libsvm, parquet, recordio-protobuf, ",
        ),
        (
            "text/csv;label_size=2",
            "text/csv;label_size=2 is not an accepted csv ContentType. Optional parameter label_",
        ),
    ],
)
def test_other_content_types_are_refused(content_type: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        format_of(content_type)
    assert str(refused.value).startswith(message)


CHANNEL = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}


def test_channels() -> None:
    assert Channels.of({"train": {**CHANNEL, "ContentType": "text/csv"}}) == Channels("csv", has_validation=False)
    assert Channels.of({"train": CHANNEL, "validation": CHANNEL}) == Channels("libsvm", has_validation=True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"validation": CHANNEL}, "Missing required channel: train"),
        ({"train": CHANNEL, "test": CHANNEL}, "Extraneous channel found: test"),
        (
            {"train": {**CHANNEL, "ContentType": "image/png"}},
            "Channel configuration for 'train' channel is not supported",
        ),
        ({"train": {**CHANNEL, "TrainingInputMode": "Pipe"}}, "Pipe mode is no longer supported."),
    ],
)
def test_other_channels_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        Channels.of(config)
    assert str(refused.value).startswith(message)
