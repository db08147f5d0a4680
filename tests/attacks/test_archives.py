"""Archives and folders full of links, made at random: nothing outside is written, read or linked to."""

from __future__ import annotations

import io
import os
import random
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from tests.attacks.tally import Tally

from safety.left_files import entries_below
from safety.tar_members import BrokenArchive
from safety.unpacking import Unpacking

COUNT = int(os.environ.get("RANDOM_ARCHIVES", "2000"))
SEED = int(os.environ.get("RANDOM_SEED", "12"))
NAMES = ("a", "b", "c", "up", "A")
TARGETS = (".", "..", "up", "up/..", "a/..", "b/..", "c/../..", "../secret", "a", "b/c", "/", "./a/../b", "up/up", "")
SECRET = b"a secret of the machine"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The folder in which an archive is unpacked, beside files that it must not reach."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "deep/er/base").mkdir(parents=True)
    return tmp_path


def name(choose: random.Random) -> str:
    return "/".join(choose.choice(NAMES) for _ in range(choose.randint(1, 4)))


def target(choose: random.Random) -> str:
    return "/".join(choose.choice((*TARGETS, *NAMES)) for _ in range(choose.randint(1, 4)))


def archive(choose: random.Random) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for _ in range(choose.randint(2, 12)):
            info = tarfile.TarInfo(name(choose))
            kinds = (tarfile.SYMTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.REGTYPE, tarfile.DIRTYPE)
            info.type = choose.choice(kinds)
            info.linkname = target(choose) if info.islnk() or info.issym() else ""
            info.size = 4 if info.isreg() else 0
            tar.addfile(info, io.BytesIO(b"evil"))
    packed.seek(0)
    return packed


def is_harmed(outside: Path) -> bool:
    """Whether anything outside the folder was changed, or something inside leads out of it."""
    base = outside / "deep/er/base/model"
    beside = {path.name for folder in (outside, outside / "deep", outside / "deep/er") for path in folder.iterdir()}
    leads_out = any(
        not (f"{os.path.realpath(path)}/").startswith(f"{base}/") for path in base.rglob("*") if path.is_symlink()
    )
    holds_secret = any(path.read_bytes() == SECRET for path in base.rglob("*") if path.is_file())
    unharmed = (outside / "secret").read_bytes() == SECRET and beside == {"secret", "deep", "er", "base"}
    return leads_out or holds_secret or not unharmed


def test_no_random_archive_leads_out(outside: Path, tally: Tally) -> None:
    choose = random.Random(SEED)
    scratch = outside / "deep/er/base"
    for number in range(COUNT):
        packed = archive(choose)
        for keeps_links in (True, False):
            with suppress(BrokenArchive):
                Unpacking(packed, scratch / "model", scratch, keeps_links=keeps_links).run()
            packed.seek(0)
            harmed = is_harmed(outside)
            tally.add("unpacking", f"archive {number} of seed {SEED}", harmed)
            assert not harmed
        if number % 5 == 0:  # the others are unpacked over what is there
            for path in sorted((scratch / "model").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def test_no_random_folder_of_links_is_read_outside(tmp_path: Path, tally: Tally) -> None:
    choose = random.Random(SEED)
    (tmp_path / "secret").write_bytes(SECRET)
    for number in range(COUNT // 10):
        base = tmp_path / str(number)
        (base / "model").mkdir(parents=True)
        for _ in range(20):
            path = base / "model" / name(choose)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(
                    choose.choice((target(choose), str(tmp_path / "secret"), f"{tmp_path}/{target(choose)}"))
                )
            except OSError:
                continue
        contents = []
        for entry in entries_below(base, ("model",)):
            if entry.is_file:
                with entry.open() as file:
                    contents.append(file.read())
        got_through = SECRET in contents
        tally.add("left files", f"folder {number} of seed {SEED}", got_through)
        assert not got_through
