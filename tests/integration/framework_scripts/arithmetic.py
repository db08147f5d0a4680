"""A script as people write them: its model is two numbers; it multiplies each row by one and adds the other."""

import json
from pathlib import Path


def model_fn(model_dir):
    return json.loads((Path(model_dir) / "numbers.json").read_text())


def predict_fn(rows, numbers):
    return rows * numbers["factor"] + numbers["summand"]
