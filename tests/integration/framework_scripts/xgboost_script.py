"""A script as people write them for XGBoost's image: trains on CSV, pickles the model, serves it."""

import argparse
import os
import pickle
from pathlib import Path

import numpy as np
import xgboost


def model_fn(model_dir):
    with open(Path(model_dir) / "model.pkl", "rb") as file:
        return pickle.load(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--num_round", type=int)
    parser.add_argument("--objective")
    arguments = parser.parse_args()
    table = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.csv", delimiter=",")
    matrix = xgboost.DMatrix(table[:, 1:], label=table[:, 0])
    parameters = {"objective": arguments.objective, "max_depth": 2}
    model = xgboost.train(parameters, matrix, arguments.num_round, evals=[(matrix, "train")])
    with open(Path(os.environ["SM_MODEL_DIR"]) / "model.pkl", "wb") as file:
        pickle.dump(model, file)
