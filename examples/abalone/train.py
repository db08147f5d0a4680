"""Training step: fit the number of rings, the first column, to the measures of an abalone."""

import argparse
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import Ridge

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=1.0)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
arguments = parser.parse_args()

table = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.csv", delimiter=",")
model = Ridge(alpha=arguments.alpha).fit(table[:, 1:], table[:, 0])
joblib.dump(model, Path(arguments.model_dir) / "model.joblib")
