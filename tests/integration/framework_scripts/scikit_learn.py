"""A script as people write them: trains on CSV, serves with the container's own handlers."""

import argparse
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    arguments = parser.parse_args()
    table = np.loadtxt(Path(arguments.train) / "train.csv", delimiter=",")
    model = LogisticRegression(max_iter=arguments.iterations).fit(table[:, 1:], table[:, 0])
    print(f"accuracy={model.score(table[:, 1:], table[:, 0])};")
    joblib.dump(model, Path(arguments.model_dir) / "model.joblib")
