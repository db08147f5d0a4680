"""Train as the algorithm does: on one host or several, with evaluation, early stopping and checkpoints.

The loop over the rounds is written out, because the images' versions of XGBoost have three kinds of callbacks.
Source: sagemaker_xgboost_container/algorithm_mode/train.py, callback.py and checkpointing.py
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import xgboost as xgb

from frameworks.xgboost_algorithm.errors import AlgorithmError, UserError
from frameworks.xgboost_algorithm.model_files import (
    MODEL_NAME,
    latest_checkpoint,
    model_bytes,
    write_checkpoint,
    write_model,
)
from frameworks.xgboost_algorithm.training.evaluation import Evaluation
from frameworks.xgboost_algorithm.training.rounds import EarlyStopping, metrics_line, scores_of

TRAIN, VALIDATION = "train", "validation"
# XGBoost's errors that the user can prevent
USERS_ERRORS = (
    "label must be in [0,1] for logistic regression",
    "label must be in [0, num_class)",
    "Target is multiclass but average='binary'",
    "feature_names mismatch",
    "Check failed: preds.size() == info.labels_.size()",
    "Check failed: !auc_error AUC: the dataset only contains pos or neg samples",
    "Check failed: base_score > 0.0f && base_score < 1.0f base_score must be in (0,1) for logistic loss",
    "label must be nonnegative",
    "Parameter reg_lambda should be greater equal to 0",
)
# Hyperparameters of the container, which XGBoost does not know
OF_CONTAINER = (
    "num_round",
    "csv_weights",
    "early_stopping_rounds",
    "eval_metric",
    "save_model_on_termination",
    "use_dask_gpu_training",
    "_tuning_objective_metric",
)
Watched = list[tuple[xgb.DMatrix, str]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Training:
    """One training. `hyperparameters` are validated; only the master prints and writes files."""

    hyperparameters: Mapping[str, Any]
    model_dir: Path
    checkpoint_dir: Path | None = None
    is_master: bool = True

    def run(self, train: xgb.DMatrix, validation: xgb.DMatrix | None) -> None:
        """Train and save `xgboost-model`. UserError or AlgorithmError, with AWS's words."""
        log.info("Train matrix has %d rows and %d columns", train.num_row(), train.num_col())
        watched: Watched = [(train, TRAIN)]
        if validation is not None:
            log.info("Validation matrix has %d rows", validation.num_row())
            watched.append((validation, VALIDATION))
        self._prepare_for_sigterm()
        try:
            model = self._boosted(watched)
        except (xgb.core.XGBoostError, ValueError) as error:
            raise _classified(error) from error
        if self.is_master:
            write_model(model, self.model_dir / MODEL_NAME)

    def _boosted(self, watched: Watched) -> bytes:
        """Return the model after the last round, or that of the best round if early stopping is on."""
        resumed, first_round = latest_checkpoint(self.checkpoint_dir)
        booster = resumed or xgb.Booster({}, [matrix for matrix, _ in watched])
        booster.set_param(self._parameters())
        stopping = self._early_stopping(len(watched) > 1)
        for number in range(first_round, self.hyperparameters["num_round"]):
            booster.update(watched[0][0], number)
            scores = scores_of(booster.eval_set(watched, number, self._custom_metric))
            if self.is_master:
                print(metrics_line(number, scores), flush=True)  # noqa: T201 - the algorithm's output
                self._save_round(booster, number)
            if stopping and stopping.improves(scores):
                stopping.record(number, scores, model_bytes(booster))
            elif stopping and stopping.is_over(number):
                log.info("Stopping early: the best round was %d", stopping.best_round)
                break
        return stopping.best_model if stopping and stopping.best_model else model_bytes(booster)

    def _save_round(self, booster: xgb.Booster, number: int) -> None:
        if self.checkpoint_dir:
            write_checkpoint(model_bytes(booster), self.checkpoint_dir, number)
        if self._is_saved_on_termination:
            write_model(model_bytes(booster), self.model_dir / MODEL_NAME)

    @cached_property
    def _evaluation(self) -> Evaluation:
        given = self.hyperparameters
        return Evaluation.of(given.get("eval_metric"), given.get("_tuning_objective_metric"))

    @property
    def _custom_metric(self) -> Any:
        return self._evaluation.custom_metric if self._evaluation.of_container else None

    def _parameters(self) -> list[tuple[str, Any]]:
        """Return XGBoost's parameters, one for each metric. `reg:linear` has another name in later versions."""
        parameters = {name: value for name, value in self.hyperparameters.items() if name not in OF_CONTAINER}
        if "updater" in parameters:
            parameters["updater"] = ",".join(parameters["updater"])
        if "monotone_constraints" in parameters:
            parameters["monotone_constraints"] = f"({','.join(map(str, parameters['monotone_constraints']))})"
        if "interaction_constraints" in parameters:
            parameters["interaction_constraints"] = str(parameters["interaction_constraints"])
        if parameters.get("objective") == "reg:linear":
            parameters["objective"] = "reg:squarederror"
        return [*parameters.items(), *(("eval_metric", name) for name in self._evaluation.of_xgboost)]

    def _early_stopping(self, has_validation: bool) -> EarlyStopping | None:
        rounds, metric = self.hyperparameters.get("early_stopping_rounds"), self._evaluation.watched
        return EarlyStopping(metric, rounds) if rounds and metric and has_validation else None

    @property
    def _is_saved_on_termination(self) -> bool:
        return bool(self.hyperparameters.get("save_model_on_termination") == "true")

    def _prepare_for_sigterm(self) -> None:
        """With save_model_on_termination, SIGTERM ends the training with code 0 and the model of the last round."""

        def stop(*_: Any) -> None:
            for path in self.model_dir.iterdir():
                if path.is_file() and not path.name.startswith(MODEL_NAME):
                    path.unlink()
            os._exit(0)

        if self.is_master and self._is_saved_on_termination:
            signal.signal(signal.SIGTERM, stop)


def _classified(error: Exception) -> Exception:
    """Return a UserError if the user can prevent the error, and an AlgorithmError otherwise."""
    if any(text in str(error) for text in USERS_ERRORS):
        return UserError(str(error))
    return AlgorithmError(f"XGB train call failed with exception:\n {error}")
