"""Mistakes of newcomers with the workflow: each is answered by one line that says what is wrong and what to do."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scones import cli
from scones.context import Context


@dataclass(frozen=True)
class Mistake:
    """A command line with its environment, and parts of the line that must answer it.

    `{tmp}` is a folder that has `junk.tar.gz`, which is no archive, and a `.png`.
    """

    name: str
    command: str
    answer: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    exit_code: int = 1


MISTAKES = (
    Mistake("missing dataset", "stage --dataset {tmp}/cifar.tar.gz", ("{tmp}/cifar.tar.gz", "there is no such file")),
    Mistake("dataset is a folder", "stage --dataset {tmp}", ("DATASET is '{tmp}'", "is a directory, not a file")),
    Mistake("dataset is no archive", "stage --dataset {tmp}/junk.tar.gz", ("{tmp}/junk.tar.gz", "gzip")),
    Mistake("unknown class", "stage --classes scone,motorcycle --dataset {archive}", ("scone", "CLASSES")),
    Mistake("one class", "stage --classes bicycle", ("CLASSES is 'bicycle'", "at least two classes")),
    Mistake("classes in capitals", "stage --classes Bicycle,Bus", ("CIFAR-100's fine labels", "bicycle,motorcycle")),
    Mistake("near class that is none", "deploy --near-classes tank", ("'tank'", "not among CLASSES", "set both")),
    Mistake("threshold in percent", "deploy --threshold 93%", ("'93%'", "a number from 0 to 1")),
    Mistake("accuracy in percent", "pipeline --accuracy-at-least 80", ("'80'", "a number from 0 to 1")),
    Mistake("wrong e-mail address", "deploy --notification-email me", ("'me'", "an e-mail address")),
    Mistake("stack with a space", "deploy --stack my/stack", ("'my/stack'", "letters, digits and hyphens")),
    Mistake(
        "hyperparameter without a value", "train --hyperparameters epochs", ("'epochs'", "'epochs=20 optimizer=adam'")
    ),
    Mistake("role by its name", "train --role admin", ("'admin'", "arn:aws:iam::<account>:role/<name>")),
    Mistake("user instead of a role", "train --role arn:aws:iam::123456789012:user/me", ("it must be a role's ARN",)),
    Mistake("bucket in capitals", "train --bucket My_Bucket", ("'My_Bucket'", "3 to 63 of a-z, 0-9")),
    Mistake("bucket as a URI", "train --bucket s3://mine/images", ("'s3://mine/images'", "a bucket's name")),
    Mistake("instance type without ml.", "endpoint --endpoint-instance-type m5.large", ("'m5.large'", "ml.m5.xlarge")),
    Mistake("endpoint in capitals", "endpoint --endpoint-name Mine", ("'Mine'", "lower-case letters, digits")),
    Mistake("number in words", "classify --images all", ("'all'", "a whole number of at least 1")),
    Mistake("no concurrency", "classify --concurrency 0", ("'0'", "a whole number of at least 1")),
    Mistake("time without a unit", "load --for soon", ("--for is 'soon'", "30s, 2m or 1h")),
    Mistake("burst with a rate", "load --burst 5 --rate 1", ("leave out --rate",), exit_code=2),
    Mistake("misspelt option", "deploy --threshhold 1", ("'--threshhold'", "--threshold"), exit_code=2),
    Mistake("hyperparameter as an option", "train --epochs 3", ("'--epochs'", "--hyperparameters"), exit_code=2),
    Mistake("report without a run", "report", ("scones",)),
    Mistake("classify before deploy", "classify", ("scones deploy",)),
    Mistake("train before stage", "train", ("scones stage",)),
    Mistake("results cannot be written", "stage --out /dev/null/x", ("OUT is '/dev/null/x'",)),
    Mistake("unknown profile", "stage", ("(nope)", "aws configure list-profiles"), {"AWS_PROFILE": "nope"}),
    Mistake("no region", "stage", ("no region", "AWS_DEFAULT_REGION"), {"AWS_DEFAULT_REGION": ""}),
)
NO_DOCKER = Mistake(
    "no Docker for local mode",
    "run --training-instance-type local --endpoint-instance-type local",
    ("needs Docker on this machine", "start it, or set DOCKER_HOST"),
    {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
)
# Docker's SDK does not close a socket that could not be connected: it is collected here, not in a later test.
UNCLOSED = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.mark.parametrize(
    "mistake", [*MISTAKES, pytest.param(NO_DOCKER, marks=UNCLOSED)], ids=lambda mistake: mistake.name
)
def test_a_mistake_is_answered_in_one_line(
    mistake: Mistake,
    context: Context,
    archive: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "junk.tar.gz").write_bytes(b"junk")
    for name, value in mistake.environment.items():
        monkeypatch.setenv(name, value)
    places = {"tmp": tmp_path, "archive": archive}
    code = cli.exit_code([word.format(**places) for word in mistake.command.split()])
    gc.collect()
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: ")]
    assert code == mistake.exit_code
    assert len(lines) == 1
    assert [part for part in mistake.answer if part.format(**places) not in lines[0]] == [], lines[0]
