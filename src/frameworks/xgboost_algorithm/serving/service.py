"""The service of the built-in algorithm: /invocations with csv, libsvm and recordio-protobuf; csv and json back.

Source: sagemaker_xgboost_container/algorithm_mode/serve.py
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from frameworks.inference.messages import CSV, JSON, Request, Response, with_charset
from frameworks.xgboost_algorithm.model_files import load_boosters
from frameworks.xgboost_algorithm.serving.payloads import UnreadablePayload, matrix_for_algorithm
from frameworks.xgboost_algorithm.serving.predictions import (
    accepted_type,
    plain_answer,
    selected_answer,
    selected_predictions,
)

TEXT = "text/html; charset=utf-8"  # Flask's type of an error's text
MAX_CONTENT_BYTES = 6 << 20
VOTED = ("multi:softmax", "binary:hinge")  # their predictions are classes, which have no mean

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class XGBoostService:
    """One model, or several whose predictions are combined. `selected` has the keys of SAGEMAKER_INFERENCE_OUTPUT."""

    boosters: list[xgb.Booster]
    objective: str
    num_class: str = ""
    default_accept: str = CSV
    selected: tuple[str, ...] = ()
    is_batch: bool = False

    @classmethod
    def load(cls, folder: Path, environment: Mapping[str, str]) -> XGBoostService:
        boosters = load_boosters(folder, environment.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") == "true")
        for booster in boosters:
            booster.set_param({"nthread": 1})  # parallelism comes from workers
        learner = json.loads(boosters[0].save_config())["learner"]
        objective = learner["objective"]["name"]
        log.info("Model objective : %s", objective)
        selected = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "").replace(" ", "").lower()
        return cls(
            boosters,
            objective,
            learner["learner_model_param"].get("num_class", ""),
            environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or CSV,
            tuple(selected.split(",")) if selected else (),
            bool(environment.get("SAGEMAKER_BATCH")),
        )

    def execution_parameters(self) -> Response | None:
        parameters = {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": MAX_CONTENT_BYTES >> 20,
        }
        return Response(json.dumps(parameters).encode(), JSON)

    def invoke(self, request: Request) -> Response:
        if not request.body:
            return Response(b"", TEXT, 204)
        try:
            matrix = matrix_for_algorithm(request.body, request.content_type)
        except UnreadablePayload as error:
            return _refusal(415, str(error))
        try:
            predictions = self._predict(matrix)
        except (xgb.core.XGBoostError, ValueError) as error:
            return _refusal(400, f"Unable to evaluate payload provided: {error}")
        try:
            accept = accepted_type(request.headers.get("accept", ""), self.default_accept)
        except ValueError as error:
            return _refusal(406, str(error))
        if self.selected:
            return self._selected(predictions, accept)
        return Response(plain_answer(predictions, accept, self.is_batch).encode(), with_charset(accept))

    def _predict(self, matrix: xgb.DMatrix) -> Any:
        predictions = [booster.predict(matrix, validate_features=False) for booster in self.boosters]
        if len(predictions) == 1:
            return predictions[0]
        if self.objective in VOTED:
            return np.array([_most_frequent(votes) for votes in np.array(predictions).T])
        return np.mean(predictions, axis=0)

    def _selected(self, predictions: Any, accept: str) -> Response:
        try:
            selected = selected_predictions(predictions, self.selected, self.objective, self.num_class)
            answer = selected_answer(selected, self.selected, accept, self.is_batch)
        except ValueError as error:
            return _refusal(500, str(error))
        return Response(answer.encode(), with_charset(accept))


def _most_frequent(votes: Any) -> Any:
    values, counts = np.unique(votes, return_counts=True)
    return values[np.argmax(counts)]


def _refusal(status: int, text: str) -> Response:
    log.error(text)
    return Response(text.encode(), TEXT, status)
