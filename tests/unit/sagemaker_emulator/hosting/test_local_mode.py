"""Whether a Docker engine is looked for: each product puts its socket elsewhere."""

from pathlib import Path

import pytest

from sagemaker_emulator.hosting.local_mode import docker_may_run


@pytest.mark.parametrize(
    "environment", [{"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, {"DOCKER_CONTEXT": "colima"}]
)
def test_docker_may_run_where_a_variable_names_it(environment: dict[str, str], tmp_path: Path) -> None:
    assert docker_may_run(environment | {"HOME": str(tmp_path)}, tmp_path / "docker.sock")


def test_docker_may_run_where_its_usual_socket_is(tmp_path: Path) -> None:
    (tmp_path / "docker.sock").touch()
    assert docker_may_run({"HOME": str(tmp_path)}, tmp_path / "docker.sock")


@pytest.mark.parametrize("variable", ["HOME", "DOCKER_CONFIG"])
def test_docker_may_run_where_the_user_has_contexts(variable: str, tmp_path: Path) -> None:
    folder = tmp_path / ".docker" if variable == "HOME" else tmp_path
    (folder / "contexts").mkdir(parents=True)
    assert docker_may_run({variable: str(tmp_path)}, tmp_path / "docker.sock")


def test_docker_is_not_looked_for_where_nothing_names_it(tmp_path: Path) -> None:
    assert not docker_may_run({"HOME": str(tmp_path)}, tmp_path / "docker.sock")
