"""Train scikit-learn's digits, and load the model for an endpoint: the entry point of an SDK estimator `SKLearn`."""

import argparse
import os
from pathlib import Path
from typing import Any

import joblib
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC


def model_fn(model_dir: str) -> Any:
    return joblib.load(Path(model_dir) / "digits.joblib")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gamma", type=float, default=0.001)
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "."))
    arguments = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    seen, unseen, labels_seen, labels_unseen = train_test_split(images, labels, test_size=0.2, random_state=0)
    model = SVC(gamma=arguments.gamma).fit(seen, labels_seen)
    print(f"validation:accuracy={model.score(unseen, labels_unseen):.4f}")
    joblib.dump(model, Path(arguments.model_dir) / "digits.joblib")
