"""The default handlers of AWS's XGBoost container in script mode. Source: sagemaker_xgboost_container/serving.py"""

from __future__ import annotations

from typing import Any

from frameworks.inference.formats import CONTAINERS_ENCODERS, encode
from frameworks.xgboost_algorithm.serving.payloads import matrix_of


class XGBoostDefaults:
    def input_fn(self, content: Any, content_type: str) -> Any:
        body = content.encode() if isinstance(content, str) else content
        return matrix_of(body, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        return model.predict(data, validate_features=False)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        return encode(prediction, accept, CONTAINERS_ENCODERS), accept
