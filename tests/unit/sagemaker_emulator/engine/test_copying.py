"""What Docker copies out of a container is unpacked on the host, and leads nowhere else there."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker import copying


def chunks(*members: tuple[str, bytes, str]) -> list[bytes]:
    """Return a tar in pieces: each member has a name, a type, and its content or what it links to."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname, content = (text, b"") if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ("", text.encode())
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    data = packed.getvalue()
    return [data[start : start + 700] for start in range(0, len(data), 700)]


def test_files_and_links_inside_arrive_and_links_out_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    stream = chunks(
        ("model", tarfile.DIRTYPE, ""),
        ("model/best", tarfile.REGTYPE, "weights"),
        ("model/last", tarfile.SYMTYPE, "best"),
        ("model/up", tarfile.SYMTYPE, "."),
        ("model/o1", tarfile.SYMTYPE, "up/.."),
        ("model/x", tarfile.SYMTYPE, "o1/secret"),
        ("model/absolute", tarfile.SYMTYPE, "/etc/passwd"),
    )
    copying.unpack(stream, tmp_path / "model", tmp_path)
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["best", "last", "up"]
    assert (tmp_path / "model/last").read_text() == "weights"


def test_a_copy_replaces_an_earlier_one(tmp_path: Path) -> None:
    copying.unpack(chunks(("model/one", tarfile.REGTYPE, "1")), tmp_path / "model", tmp_path)
    copying.unpack(chunks(("model/one", tarfile.REGTYPE, "2")), tmp_path / "model", tmp_path)
    assert (tmp_path / "model/one").read_text() == "2"


def test_a_name_out_of_the_folder_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="What the container left in 'model' could not be copied: the name"):
        copying.unpack(chunks(("model/../../x", tarfile.REGTYPE, "1")), tmp_path / "model", tmp_path)


def test_one_folder_is_packed_with_the_folders_above_it(tmp_path: Path) -> None:
    (tmp_path / "models/a/model").mkdir(parents=True)
    (tmp_path / "models/a/model/weights").write_text("1")
    (tmp_path / "models/b").mkdir()
    (tmp_path / "secret").write_text("0")
    with tarfile.open(fileobj=io.BytesIO(b"".join(copying.packed(tmp_path, tmp_path / "models/a/model")))) as tar:
        names = tar.getnames()
    assert names == [
        "opt/ml",
        "opt/ml/models",
        "opt/ml/models/a",
        "opt/ml/models/a/model",
        "opt/ml/models/a/model/weights",
    ]
