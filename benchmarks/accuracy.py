"""Measure the accuracy of the default recipe. `make bench-accuracy` runs it in about ten minutes.

Only the three required hyperparameters are set. The program trains with five seeds on the archive's own split, then on
five random splits of the same 1,200 images into 1,000 and 200. The random splits reveal a recipe that suits only the
archive's validation set. Each accuracy is that of the best epoch on the validation images, so it is optimistic.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from aims import Aims
from opt_ml import CHANNELS, Example, examples, lay_out, train

SEEDS = range(1, int(os.environ.get("RUNS", "5")) + 1)
HYPERPARAMETERS = {"image_shape": "3,32,32", "num_classes": "2", "num_training_samples": "1000"}
MEDIAN_AT_LEAST, EACH_AT_LEAST, RESPLITS_WITHIN, SECONDS_AT_MOST = 0.92, 0.90, 0.02, 60
Split = Mapping[str, Sequence[Example]]


def main() -> int:
    split = examples(Path(os.environ["DATASET"]))
    own = [trained("archive's split", split, seed) for seed in SEEDS]
    others = [trained("random split", split_again(split, seed), seed) for seed in SEEDS]
    median, median_of_others = statistics.median(own), statistics.median(others)
    say(f"random splits: median {median_of_others:.3f}, lowest {min(others):.3f}")
    aims = Aims()
    aims.at_least("median accuracy of the archive's split", median, MEDIAN_AT_LEAST)
    aims.at_least("lowest accuracy of the archive's split", min(own), EACH_AT_LEAST)
    aims.at_most("difference of the random splits' median", abs(median_of_others - median), RESPLITS_WITHIN)
    return aims.exit_code()


def split_again(split: Split, seed: int) -> Split:
    everything = [example for channel in CHANNELS for example in split[channel]]
    random.Random(seed).shuffle(everything)  # noqa: S311 a split that can be drawn again
    count = len(split["train"])
    return {"train": everything[:count], "validation": everything[count:]}


def trained(name: str, split: Split, seed: int) -> float:
    """Train one job and return its best validation accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder), split, HYPERPARAMETERS)
        started = time.perf_counter()
        log = train(Path(folder), IMAGE_CLASSIFICATION_SEED=str(seed))
        seconds = time.perf_counter() - started
    best = max(float(accuracy) for accuracy in re.findall(r"Validation-accuracy=([0-9.]+)", log))
    say(f"{name}, seed {seed}: {best:.3f}, in {seconds:.0f} s (at most {SECONDS_AT_MOST} on two idle cores)")
    return best


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
