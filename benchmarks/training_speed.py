"""Measure how many samples per second ResNet-20 trains on. `make bench` runs it.

A batch has 32 images of 3 x 32 x 32, from PNG files.

Three contestants run in turn: MXNet 1.9.1, the framework of AWS's algorithm; plain PyTorch; and the kit's program,
whose times come from its log. All use the same network, batch size, optimizer and augmentation (flips, and shifts by
up to four pixels). The first epoch does not count.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aims import Aims
from opt_ml import examples, lay_out, train

HERE = Path(__file__).parent
MXNET = HERE.parent / ".venv-mxnet" / "bin" / "python"
SAMPLE = HERE.parent / "data" / "sample.tar.gz"
ROUNDS, SAMPLES = int(os.environ.get("RUNS", "3")), 31 * 32
AT_LEAST = {"MXNet 1.9.1": 3.0, "PyTorch, plain": 1.6}
HYPERPARAMETERS = {
    "image_shape": "3,32,32",
    "num_classes": "2",
    "num_training_samples": "1000",
    "num_layers": "20",
    "optimizer": "sgd",
    "epochs": "3",
}


def main() -> int:
    if not MXNET.exists():
        raise SystemExit(f"there is no {MXNET}: run make bench, or make {MXNET.parents[1].name}/.locked")
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        lay_out(base, examples(Path(os.environ.get("DATASET") or SAMPLE)), HYPERPARAMETERS)
        contestants: dict[str, Callable[[], list[float]]] = {
            "MXNet 1.9.1": partial(program, MXNET, "mxnet_gluon.py", base),
            "PyTorch, plain": partial(program, Path(sys.executable), "eager_pytorch.py", base),
            "the kit": partial(kit, base),
        }
        seconds = dict[str, list[float]]()
        for _ in range(ROUNDS):
            for name, epochs in contestants.items():
                seconds.setdefault(name, []).extend(counted := epochs()[1:])
                say(f"{name:15} " + ", ".join(f"{SAMPLES / epoch:.0f}" for epoch in counted) + " samples/s")
    return report({name: [SAMPLES / epoch for epoch in epochs] for name, epochs in seconds.items()})


def program(python: Path, name: str, base: Path) -> list[float]:
    command = [str(python), str(HERE / "contestants" / name), str(base / "input" / "data")]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {run.returncode}: {run.stderr[-2000:]}")
    return [float(line) for line in run.stdout.splitlines()]


def kit(base: Path) -> list[float]:
    return [float(seconds) for seconds in re.findall(r"Time cost=([0-9.]+)", train(base))]


def report(speeds: dict[str, list[float]]) -> int:
    """Print the speeds, and return the exit code."""
    aims, own = Aims(), statistics.median(speeds["the kit"])
    for name, values in speeds.items():
        median = statistics.median(values)
        say(f"{name:15} {median:6.0f} samples/s (epochs: {min(values):.0f} to {max(values):.0f})")
        if name in AT_LEAST:
            aims.at_least(f"speed of the kit, as a multiple of {name}'s", own / median, AT_LEAST[name])
    return aims.exit_code()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
