"""The drawn sample has the format that readers of CIFAR-100 expect."""

import io
import pickle
import pickletools
import runpy
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy._core.multiarray import _reconstruct

SCRIPT = Path(__file__).parents[2] / "data" / "draw_sample.py"
GLOBALS = {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def batch(script: dict[str, Any]) -> dict[str, Any]:
    drawn: dict[str, Any] = script["draw_batch"]("train", {8: 12, 48: 12, 19: 2}, 1)
    return drawn


class Unpickler(pickle.Unpickler):
    """An unpickler of the old format: numpy has moved `_reconstruct` since."""

    def find_class(self, module: str, name: str) -> object:
        if f"{module} {name}" not in GLOBALS:
            raise pickle.UnpicklingError(f"{module} {name}")
        return _reconstruct if name == "_reconstruct" else getattr(np, name)


def test_a_batch_is_a_python_2_pickle_with_three_globals(script: dict[str, Any], batch: dict[str, Any]) -> None:
    data = script["python2_pickle"](batch)
    operations = list(pickletools.genops(data))
    assert {argument for operation, argument, _ in operations if operation.name == "GLOBAL"} == GLOBALS
    assert not {operation.name for operation, _, _ in operations} & {"BINUNICODE", "STACK_GLOBAL", "INST"}
    loaded: Any = Unpickler(io.BytesIO(data), encoding="bytes").load()
    assert list(loaded) == [b"filenames", b"batch_label", b"fine_labels", b"coarse_labels", b"data"]
    assert loaded[b"fine_labels"] == batch["fine_labels"]
    assert (loaded[b"data"] == batch["data"]).all()
    assert (loaded[b"data"].shape, loaded[b"data"].dtype) == ((26, 3072), np.uint8)


def test_a_seed_repeats_its_pictures_and_all_pictures_differ(script: dict[str, Any], batch: dict[str, Any]) -> None:
    again = script["draw_batch"]("train", {8: 12, 48: 12, 19: 2}, 1)
    assert (again["data"] == batch["data"]).all()
    assert len({row.tobytes() for row in batch["data"]}) == 26
    assert len(set(batch["filenames"])) == 26
    assert (script["draw_batch"]("test", {8: 12, 48: 12, 19: 2}, 1)["data"] != batch["data"]).any()


def test_the_archive_has_the_originals_layout_and_the_same_bytes_every_time(
    script: dict[str, Any], tmp_path: Path
) -> None:
    meta = {"fine_label_names": script["FINE_LABEL_NAMES"], "coarse_label_names": script["COARSE_LABEL_NAMES"]}
    for name in ("one", "two"):
        script["write_archive"](tmp_path / f"{name}.tar.gz", {"meta": script["python2_pickle"](meta)})
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        assert archive.getnames() == ["cifar-100-python/meta"]
        member = archive.extractfile("cifar-100-python/meta")
        assert member is not None
        loaded: Any = Unpickler(member, encoding="bytes").load()
    names = loaded[b"fine_label_names"]
    assert (len(names), names[8], names[48], len(loaded[b"coarse_label_names"])) == (100, b"bicycle", b"motorcycle", 20)
    assert names == sorted(names)


def test_every_named_class_can_be_drawn(script: dict[str, Any]) -> None:
    counts = dict.fromkeys(script["NAMES"], 3)
    drawn = script["draw_batch"]("test", counts, 1)
    assert sorted(set(drawn["fine_labels"])) == sorted(counts)
    assert all(script["FINE_LABEL_NAMES"][label] == name for label, name in script["NAMES"].items())
    assert set(counts) <= set(script["COARSE"])


def test_wrong_arguments_are_answered_with_the_usage(
    script: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert script["main"]([]) == 64
    assert script["main"](["out.tar.gz", "bicycle,cow"]) == 64
    assert "usage: draw_sample.py OUT.tar.gz" in capsys.readouterr().err
