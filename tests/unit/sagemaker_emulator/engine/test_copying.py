"""What the docker engine copies into a container."""

from __future__ import annotations

from pathlib import Path

from sagemaker_emulator.engine.docker.copying import _info


def test_a_container_of_another_user_can_read_and_run_what_is_private_here(tmp_path: Path) -> None:
    modes = {"data": 0o600, "program": 0o700}
    for name, mode in modes.items():
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    infos = {name: _info(tmp_path / name, tmp_path) for name in modes}
    assert {name: info.mode for name, info in infos.items() if info} == {"data": 0o644, "program": 0o755}
