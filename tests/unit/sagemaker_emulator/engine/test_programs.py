"""The programs in the place of images: command lines, and the refusal of other images."""

from __future__ import annotations

import sys

import pytest

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.programs import Program, Programs
from sagemaker_emulator.frameworks.environments import Environments

OWN = Program(("own",))
FRAMEWORK = Program(("env/python", "-m", "frameworks", "pytorch"), ("env/python", "-m", "frameworks", "run"), True)
PYTHON = Program(("python3", "own.py"), ("python3", "-c", "…", "run"))


@pytest.mark.parametrize(
    ("program", "entrypoint", "command", "arguments", "expected"),
    [
        (OWN, (), "train", (), ("own", "train")),
        (OWN, ("sh", "-c"), "", ("x",), ("sh", "-c", "x")),
        (OWN, ("python3", "a.py"), "", (), (sys.executable, "a.py")),
        (PYTHON, (), "train", (), ("python3", "own.py", "train")),
        (PYTHON, ("/bin/bash",), "", ("-c", "x"), (*PYTHON.launcher, "/bin/bash", "-c", "x")),
        (PYTHON, (), "", ("x",), ("python3", "own.py", "x")),
        (FRAMEWORK, (), "train", (), (*FRAMEWORK.command, "train")),
        (FRAMEWORK, ("python3", "a.py"), "", ("--x",), (*FRAMEWORK.launcher, "python3", "a.py", "--x")),
        (FRAMEWORK, ("/bin/bash", "a.sh"), "", (), (*FRAMEWORK.launcher, "/bin/bash", "a.sh")),
        (FRAMEWORK, (), "", ("a.sh",), (*FRAMEWORK.launcher, "a.sh")),
    ],
)
def test_a_request_may_replace_the_programs_command_line(
    program: Program,
    entrypoint: tuple[str, ...],
    command: str,
    arguments: tuple[str, ...],
    expected: tuple[str, ...],
) -> None:
    assert program.words(entrypoint, command, arguments) == expected


@pytest.mark.parametrize(
    ("program", "is_launched"),
    [(["/env/bin/python3.11", "a.py"], True), (["python", "a.py"], True), (["/bin/own"], False)],
)
def test_programs_in_python_get_an_environment_of_the_jobs_own(program: list[str], is_launched: bool) -> None:
    launcher = Programs("image_classification", {"mine:1": program}, Environments()).of("mine:1").launcher
    assert bool(launcher) is is_launched
    assert launcher[:1] == tuple(program[:1] if is_launched else [])


def test_an_image_that_cannot_run_is_refused_with_the_three_ways_on() -> None:
    programs = Programs("image_classification", {}, Environments())
    with pytest.raises(EngineError) as caught:
        programs.require("000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1")
    text = str(caught.value)
    assert "sagemaker-scikit-learn:1.4-2-cpu-py3" in text
    assert """SAGEMAKER_EMULATOR_OWN_IMAGES='{"000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1": [""" in text
    assert "SAGEMAKER_EMULATOR_ENGINE=docker scones up" in text


@pytest.mark.parametrize(
    "image",
    [
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
        "mine:1",
    ],
)
def test_built_in_framework_and_own_images_are_accepted(image: str) -> None:
    Programs("image_classification", {"mine:1": ["program"]}, Environments()).require(image)
