"""The default handlers of AWS's scikit-learn container. Source: sagemaker_sklearn_container/serving.py"""

from __future__ import annotations

from typing import Any

import numpy as np

from frameworks.inference.formats import CONTAINERS_DECODERS, CONTAINERS_ENCODERS, decode, encode
from frameworks.inference.messages import TEXT_TYPES


class ScikitLearnDefaults:
    def input_fn(self, content: Any, content_type: str) -> Any:
        array = decode(content, content_type, CONTAINERS_DECODERS)
        return array.astype(np.float32) if content_type in TEXT_TYPES else array

    def predict_fn(self, data: Any, model: Any) -> Any:
        return model.predict(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        return encode(prediction, accept, CONTAINERS_ENCODERS), accept
