"""The notebook kernel: where it is installed, what is in it, and whose kernels it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from local_cloud.errors import LocalCloudError
from local_cloud.notebook import kernels
from local_cloud.settings import Settings


class User:
    """A user with a Jupyter of their own, and an environment whose Python is a small script."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(state_dir=folder / "state")
        self.environment = {"JUPYTER_DATA_DIR": str(folder / "jupyter")}
        self.python = folder / "python"
        self.answer("echo /env/bin")

    def answer(self, command: str) -> None:
        self.python.write_text(f"#!/bin/sh\n{command}\n")
        self.python.chmod(0o700)

    def install(self, name: str = kernels.NAME) -> kernels.Kernel:
        return kernels.install(self.settings, self.python, name, self.environment)

    def names(self) -> list[str]:
        return [kernel.name for kernel in kernels.installed(self.environment)]


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def specification(kernel: kernels.Kernel) -> Any:
    return json.loads((kernel.folder / "kernel.json").read_text())


def test_a_kernel_runs_the_environments_python_with_its_programs_first(user: User) -> None:
    kernel = user.install()
    assert kernel.folder == Path(user.environment["JUPYTER_DATA_DIR"]) / "kernels" / "local-aws"
    content = specification(kernel)
    assert content["display_name"] == "Python (local AWS)"
    assert content["argv"][:3] == [str(user.python), "-m", "ipykernel_launcher"]
    assert content["env"]["PATH"] == f"/env/bin:${{PATH}}:{user.settings.state_dir}/shell/bin"
    assert content["env"]["AWS_PROFILE"] == "local"


def test_the_variables_of_the_program_that_starts_a_kernel_do_not_count(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = specification(user.install())["env"]
    config = tmp_path / "config"
    config.write_text(
        "[profile local]\nendpoint_url = http://127.0.0.1:1\naws_access_key_id=k\naws_secret_access_key=s\n"
    )
    theirs = dict.fromkeys(kernels.EMPTIED, "theirs") | {"AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in {**theirs, **variables, "AWS_CONFIG_FILE": str(config)}.items():
        monkeypatch.setenv(name, value)
    client = Session().create_client("sts")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.region_name == "us-east-1"
    credentials = Session().get_credentials()
    assert credentials
    assert (credentials.access_key, credentials.method) == ("k", "config-file")


def test_an_environment_without_ipykernel_is_told_how_to_get_it(user: User) -> None:
    user.answer("echo \"ModuleNotFoundError: No module named 'ipykernel'\" >&2; exit 1")
    with pytest.raises(LocalCloudError, match=r"No module named 'ipykernel'.*python -m pip install ipykernel"):
        user.install()
    assert user.names() == []


def test_a_kernel_knows_whether_its_environment_has_pip(user: User) -> None:
    programs = user.settings.state_dir.parent / "env" / "bin"
    user.answer(f"echo {programs}")
    assert not user.install().has_pip
    programs.mkdir(parents=True)
    (programs / "pip").touch()
    (kernel,) = kernels.installed(user.environment)
    assert kernel.has_pip


def test_a_python_that_does_not_exist_is_named(user: User) -> None:
    user.python.unlink()
    with pytest.raises(LocalCloudError, match="cannot be run"):
        user.install()


@pytest.mark.parametrize("name", ["", "a b", "../up", "a/b"])
def test_an_illegal_name_is_refused(user: User, name: str) -> None:
    with pytest.raises(LocalCloudError, match="cannot be the name of a kernel"):
        user.install(name)


def test_kernels_of_others_are_neither_replaced_nor_listed(user: User) -> None:
    folder = kernels.kernels_folder(user.environment) / "theirs"
    folder.mkdir(parents=True)
    for content in ("{}", "no JSON", json.dumps({"argv": ["python"], "env": {"PYTHONPATH": "/theirs"}})):
        (folder / "kernel.json").write_text(content)
        assert user.names() == []
        with pytest.raises(LocalCloudError, match="another kernel"):
            user.install("theirs")


def test_several_kernels_are_listed_and_removed_by_name(user: User) -> None:
    user.install()
    user.install("V3").remove()
    user.install()
    user.install("second")
    assert user.names() == ["local-aws", "second"]
    assert specification(user.install("second"))["display_name"] == "Python (local AWS), second"


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.local/share/jupyter/kernels"),
        ("linux", {"HOME": "/home/me", "XDG_DATA_HOME": "/data"}, "/data/jupyter/kernels"),
        ("darwin", {"HOME": "/Users/me", "XDG_DATA_HOME": "/data"}, "/Users/me/Library/Jupyter/kernels"),
        ("darwin", {"HOME": "/Users/me", "JUPYTER_DATA_DIR": "/data"}, "/data/kernels"),
    ],
)
def test_the_folder_is_jupyters(system: str, environment: dict[str, str], folder: str) -> None:
    assert kernels.kernels_folder(environment, system) == Path(folder)
