"""Small real archives, and an AWS account in memory."""

import importlib.util
import io
import pickle
import pickletools
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws
from rich.console import Console as RichConsole

from scones import settings
from scones.backends import open_context
from scones.console import Console
from scones.context import Context
from scones.stack.outputs import stack_of

UNWANTED = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
BICYCLE, MOTORCYCLE, OTHER = 8, 48, 19


def array_pickle(value: dict[str, object]) -> bytes:
    """Pickle in protocol 2, with text as Python 2 wrote it, and arrays by the three globals only."""
    return pickle.dumps(value, protocol=2, fix_imports=True)


def raw_array(array: "np.ndarray[Any, Any]") -> bytes:
    """Return the opcodes with which Python 2 pickled an array."""
    rows, columns = map(int, array.shape)
    data = array.tobytes()
    head = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01bt R".replace(b" ", b"")
    shape = b"(K\x01(" + b"J" + rows.to_bytes(4, "little") + b"J" + columns.to_bytes(4, "little") + b"t"
    dtype = b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return head + shape + dtype + b"\x89T" + len(data).to_bytes(4, "little") + data + b"tb"


def plain(value: object) -> bytes:
    """Return the opcodes of a plain value, without the frame of a whole pickle."""
    return pickletools.optimize(pickle.dumps(value, protocol=2))[2:-1]


@dataclass
class ArchiveParts:
    """The content of an archive. A test damages one part of it."""

    members: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        with tarfile.open(path, "w:gz") as tar:
            for name, data in self.members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
            for name, target in self.links.items():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                tar.addfile(entry)
        return path


def batch(labels: list[int], prefix: str) -> bytes:
    generator = np.random.default_rng(len(labels))
    pixels = generator.integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    names = [f"{prefix}_s_{number:06}.png" for number in range(len(labels))]
    items = {"filenames": names, "fine_labels": labels, "batch_label": "one"}
    body = b"".join(plain(key) + plain(value) for key, value in items.items())
    return b"\x80\x02}(" + body + plain("data") + raw_array(pixels) + b"u."


def meta() -> bytes:
    names = [f"class_{number}" for number in range(100)]
    names[BICYCLE], names[MOTORCYCLE] = "bicycle", "motorcycle"
    return pickle.dumps({"fine_label_names": names, "coarse_label_names": []}, protocol=2)


TRAIN_LABELS = [OTHER, BICYCLE, MOTORCYCLE, BICYCLE, OTHER, MOTORCYCLE]
TEST_LABELS = [MOTORCYCLE, OTHER, BICYCLE]


@pytest.fixture
def parts() -> ArchiveParts:
    return ArchiveParts(
        {
            "cifar-100-python/meta": meta(),
            "cifar-100-python/train": batch(TRAIN_LABELS, "train"),
            "cifar-100-python/test": batch(TEST_LABELS, "test"),
        }
    )


@pytest.fixture
def archive(parts: ArchiveParts, tmp_path: Path) -> Path:
    return parts.write(tmp_path / "archive.tar.gz")


@pytest.fixture
def make_batch() -> Callable[[list[int], str], bytes]:
    return batch


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in UNWANTED:
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@dataclass
class Screen:
    """A console that is not a terminal, and the text that was printed on it."""

    text: io.StringIO = field(default_factory=io.StringIO)

    @property
    def console(self) -> Console:
        return Console(RichConsole(file=self.text, highlight=False))

    def __str__(self) -> str:
        return self.text.getvalue()


@pytest.fixture
def screen() -> Screen:
    return Screen()


MakeContext = Callable[..., Context]


@pytest.fixture
def make_context(aws: None, screen: Screen, tmp_path: Path) -> MakeContext:
    """Create a context whose files are all under the test's own folder. Keyword arguments are settings."""

    def make(**arguments: str) -> Context:
        options = {"out": str(tmp_path / "report"), **arguments}
        loaded = settings.load(options, {}, "default", tmp_path / "targets.toml")
        loaded = replace(loaded, project=tmp_path)
        return open_context(loaded, boto3.Session(), screen.console)

    return make


@pytest.fixture
def context(make_context: MakeContext, archive: Path) -> Context:
    """A context with a bucket and a role, which the stack would create."""
    context = make_context(dataset=str(archive), yes="yes", role=ROLE)
    context.data_bucket.ensure()
    return context


@pytest.fixture(scope="session")
def shared_data() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shared_data", Path(__file__).parents[2] / "shared_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def deploy_stack() -> Callable[..., None]:
    """Create or update the context's stack from a template and its parameters, without asking."""

    def deploy(context: Context, template: str, **parameters: str) -> None:
        stack = stack_of(context)
        change_set = stack.propose(template, parameters, stack.settled())
        assert change_set is not None
        stack.execute(change_set)

    return deploy
