"""Processing step: measure the model with rows that it has not seen."""

import json
import tarfile
from pathlib import Path

import joblib
import numpy as np

BASE = Path("/opt/ml/processing")

with tarfile.open(BASE / "model/model.tar.gz") as archive:
    archive.extract("model.joblib", BASE / "model")
table = np.loadtxt(BASE / "test/test.csv", delimiter=",")
errors = joblib.load(BASE / "model/model.joblib").predict(table[:, 1:]) - table[:, 0]
report = {"regression_metrics": {"mse": {"value": float(np.mean(errors**2))}}}
(BASE / "evaluation").mkdir(parents=True, exist_ok=True)
(BASE / "evaluation/evaluation.json").write_text(json.dumps(report))
