"""The script with which the registered model serves."""

from pathlib import Path

import joblib
from sklearn.linear_model import Ridge


def model_fn(model_dir: str) -> Ridge:
    return joblib.load(Path(model_dir) / "model.joblib")
