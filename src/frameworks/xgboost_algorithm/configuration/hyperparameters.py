"""The algorithm's hyperparameters, with their ranges and what depends on what.

Source: sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py, of image 3.0-5
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frameworks.xgboost_algorithm.configuration.metric_names import MAXIMIZED, MINIMIZED
from frameworks.xgboost_algorithm.configuration.validation import (
    Categorical,
    CommaSeparated,
    Continuous,
    Integer,
    Interval,
    NestedList,
    Tuple,
    validated,
)
from frameworks.xgboost_algorithm.errors import UserError

Values = Mapping[str, Any]
METRICS = (*MAXIMIZED, *MINIMIZED)
THRESHOLD_METRICS = ("error", "ndcg", "map")
TREE_UPDATERS = (
    "grow_colmaker",
    "distcol",
    "grow_histmaker",
    "grow_skmaker",
    "sync",
    "refresh",
    "prune",
    "grow_quantile_histmaker",
)
GROWING_UPDATERS = ("grow_colmaker", "distcol", "grow_histmaker", "grow_quantile_histmaker")
LINEAR_UPDATERS = ("shotgun", "coord_descent")
UPDATERS = (*TREE_UPDATERS[:-1], *LINEAR_UPDATERS)
OBJECTIVES = (
    "aft_loss_distribution",
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
    "reg:linear",
    "reg:squarederror",
    "reg:logistic",
    "reg:gamma",
    "reg:pseudohubererror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
)


class MetricRange:
    """The metrics that XGBoost or the container computes, some with a threshold: `error@0.7`."""

    def __contains__(self, metric: str) -> bool:
        if "<function" in metric:
            raise UserError(f"User defined evaluation metric {metric} is not supported yet.")
        if "@" not in metric:
            return metric in METRICS
        name, _, threshold = (part.strip() for part in metric.partition("@"))
        if name not in THRESHOLD_METRICS:
            raise UserError(
                f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized threshold should be one "
                "of these options: 'error', 'ndcg', 'map'."
            )
        try:
            float(threshold)
        except ValueError as error:
            raise UserError(f"Threshold value 't' in '{name}@t' expects float input.") from error
        return True

    def __str__(self) -> str:
        return str(list(METRICS))


def check_updater(value: list[str], others: Values) -> None:
    if others.get("booster") == "gblinear":
        if len(value) != 1 or value[0] not in LINEAR_UPDATERS:
            options = ", ".join(f"'{one}'" for one in LINEAR_UPDATERS)
            raise UserError(f"Linear updater should be one of these options: {options}.")
    elif others.get("process_type") == "update":
        if not set(value) <= {"refresh", "prune"}:
            raise UserError("process_type 'update' can only be used with updater 'refresh' and 'prune'")
    elif not set(value) <= set(TREE_UPDATERS):
        raise UserError(
            "Tree updater should be selected from these options: 'grow_colmaker', 'distcol', 'grow_histmaker', "
            "'grow_skmaker', 'grow_quantile_histmaker', 'sync', 'refresh', 'prune', 'shortgun', 'coord_descent'."
        )
    elif sum(one in GROWING_UPDATERS for one in value) > 1:
        raise UserError(
            "Only one tree grow plugin can be selected. Choose one from thefollowing: 'grow_colmaker', 'distcol', "
            "'grow_histmaker', 'grow_skmaker'"
        )


def check_objective(value: str, others: Values) -> None:
    if value in ("multi:softmax", "multi:softprob") and others.get("num_class") is None:
        raise UserError("Require input for parameter 'num_class' for multi-classification")


def check_metrics(value: list[str], others: Values) -> None:
    objective = str(others.get("objective", ""))
    if "auc" in value and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if "aft-nloglik" in value and objective != "survival:aft":
        raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")


def check_monotone_constraints(_: Any, others: Values) -> None:
    if others.get("tree_method") not in ("exact", "hist"):
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'."
        )


def check_interaction_constraints(_: Any, others: Values) -> None:
    if others.get("tree_method") not in ("exact", "hist", "approx"):
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to either 'exact', 'hist' "
            "or 'approx'."
        )


FROM_0, FROM_1, ZERO_TO_ONE = Interval(low=0), Interval(low=1), Interval(low=0, high=1)
ABOVE_0_TO_1 = Interval(low=0, high=1, low_is_open=True)
SWITCH = ["true", "false"]
KNOWN = {
    hyperparameter.name: hyperparameter
    for hyperparameter in (
        Integer("num_round", FROM_1, required=True),
        Integer("csv_weights", ZERO_TO_ONE),
        Integer("early_stopping_rounds", FROM_1),
        Categorical("booster", ["gbtree", "gblinear", "dart"]),
        Integer("verbosity", Interval(low=0, high=3)),
        Integer("nthread", FROM_1),
        Continuous("eta", ZERO_TO_ONE),
        Continuous("gamma", FROM_0),
        Integer("max_depth", FROM_0),
        Continuous("min_child_weight", FROM_0),
        Continuous("max_delta_step", FROM_0),
        Continuous("subsample", ABOVE_0_TO_1),
        Continuous("colsample_bytree", ABOVE_0_TO_1),
        Continuous("colsample_bylevel", ABOVE_0_TO_1),
        Continuous("colsample_bynode", ABOVE_0_TO_1),
        Continuous("lambda", FROM_0),
        Continuous("alpha", FROM_0),
        Categorical("tree_method", ["auto", "exact", "approx", "hist", "gpu_hist"]),
        Continuous("sketch_eps", Interval(low=0, high=1, low_is_open=True, high_is_open=True)),
        Continuous("scale_pos_weight", Interval(low=0, low_is_open=True)),
        CommaSeparated("updater", list(UPDATERS), check=check_updater),
        Categorical("dsplit", ["row", "col"]),
        Integer("refresh_leaf", ZERO_TO_ONE),
        Categorical("process_type", ["default", "update"]),
        Categorical("grow_policy", ["depthwise", "lossguide"]),
        Integer("max_leaves", FROM_0),
        Integer("max_bin", FROM_0),
        Categorical("predictor", ["auto", "cpu_predictor", "gpu_predictor"]),
        Tuple("monotone_constraints", [-1, 0, 1], check=check_monotone_constraints),
        NestedList("interaction_constraints", FROM_1, check=check_interaction_constraints),
        Categorical("sample_type", ["uniform", "weighted"]),
        Categorical("normalize_type", ["tree", "forest"]),
        Continuous("rate_drop", ZERO_TO_ONE),
        Integer("one_drop", ZERO_TO_ONE),
        Continuous("skip_drop", ZERO_TO_ONE),
        Continuous("lambda_bias", ZERO_TO_ONE),
        Continuous("tweedie_variance_power", Interval(low=1, high=2, low_is_open=True, high_is_open=True)),
        Categorical("objective", list(OBJECTIVES), check=check_objective),
        Integer("num_class", Interval(low=2)),
        Continuous("base_score", FROM_0),
        Integer("_kfold", Interval(low=2)),
        Integer("_num_cv_round", FROM_1),
        Categorical("_tuning_objective_metric", [f"validation:{name}" for name in METRICS]),
        CommaSeparated("eval_metric", MetricRange(), check=check_metrics),
        Integer("seed", Interval(low=-(2**31), high=2**31 - 1, low_is_open=True, high_is_open=True)),
        Integer("num_parallel_tree", FROM_1),
        Categorical("save_model_on_termination", SWITCH),
        Categorical("aft_loss_distribution", ["normal", "logistic", "extreme"]),
        Continuous("aft_loss_distribution_scale", FROM_0),
        Categorical("deterministic_histogram", SWITCH),
        Categorical("sampling_method", ["uniform", "gradient_based"]),
        Integer("prob_buffer_row", Interval(low=1.0, low_is_open=True)),
        Categorical("use_dask_gpu_training", SWITCH),
    )
}
ALIASES = {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"}


def validated_hyperparameters(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters of a request, parsed. Raises UserError, with AWS's words."""
    return validated(texts, KNOWN, ALIASES)
