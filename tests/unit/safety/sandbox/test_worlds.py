"""Worlds of sandboxes: folders of their own, hidden, shown and read-only folders, files in the place of the host's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.safety.sandbox.host import Host, entries

from safety.sandbox import StartFailed, World

IMAGE = "/tmp/image.png"  # noqa: S108 - what programs for AWS write


def on_the_host() -> set[str]:
    return {path.name for path in Path("/opt").iterdir()} | ({IMAGE} if Path(IMAGE).exists() else set())


def test_a_process_has_its_own_opt_ml_and_tmp(host: Host) -> None:
    before = on_the_host()
    (host.opt_ml / "input.txt").write_text("in")
    script = f"mkdir -p /opt/ml/model && cp /opt/ml/input.txt /opt/ml/model/ && echo x >{IMAGE} && ls /opt"
    code, output = host.run(script)
    assert code == 0, output
    assert set(output.split()) == {*before, "ml"} - {IMAGE}
    assert (host.opt_ml / "model/input.txt").read_text() == "in"
    assert (host.tmp / "image.png").exists()
    assert on_the_host() == before


def test_hidden_folders_and_files_are_empty(host: Host, tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/credentials").write_text("secret")
    (tmp_path / "netrc").write_text("secret")
    hidden = (f"{tmp_path}/aws", f"{tmp_path}/netrc", f"{tmp_path}/absent")
    script = f"cat {tmp_path}/netrc; ls {tmp_path}/aws; touch {tmp_path}/aws/x 2>/dev/null || echo refused"
    assert host.run(script, World(str(host.opt_ml), hidden=hidden)) == (0, "refused\n")
    assert (tmp_path / "netrc").read_text() == "secret"


def test_shown_folders_stay_at_their_paths(host: Host, tmp_path: Path) -> None:
    if not str(tmp_path).startswith("/tmp/"):  # noqa: S108
        pytest.skip("the tests' folder is not below /tmp")
    (tmp_path / "program").mkdir()
    (tmp_path / "program/file").write_text("here")
    world = World(str(host.opt_ml), str(host.tmp), shown=(f"{tmp_path}/program",))
    assert host.run(f"cat {tmp_path}/program/file; ls {tmp_path}", world) == (0, "hereprogram\n")


def test_a_process_cannot_undo_its_world(host: Host) -> None:
    code, _ = host.run("umount /opt/ml 2>/dev/null || mount -t tmpfs none /mnt 2>/dev/null")
    assert code != 0


def test_folders_are_seen_where_the_host_has_none(host: Host, tmp_path: Path) -> None:
    (tmp_path / "code/sub").mkdir(parents=True)
    (tmp_path / "code/app.py").write_text("code")
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers/file").write_text("layer")
    pairs = ((f"{tmp_path}/code", "/var/own/task"), (f"{tmp_path}/layers", "/opt"))
    before = entries("/var")
    world = World(tmp=str(host.tmp), folders=pairs)
    code, output = host.run("cat /var/own/task/app.py; ls /opt /var", world, directory="/var/own/task")
    assert code == 0, output
    assert output.splitlines()[0].startswith("code/opt")
    assert set(output.split()) >= {"file", "own"} | before
    assert entries("/var") == before


def test_a_file_is_seen_in_the_place_of_the_hosts(host: Host, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 algo-1\n")
    before = Path("/etc/hosts").read_text()
    world = World(folders=((f"{tmp_path}/hosts", "/etc/hosts"),))
    assert host.run("cat /etc/hosts; ls /etc/passwd", world, directory="/") == (0, "127.0.0.1 algo-1\n/etc/passwd\n")
    assert Path("/etc/hosts").read_text() == before


def test_a_folder_cannot_be_added_to_the_root(host: Host, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="/absent does not exist"):
        host.run("true", World(folders=((str(tmp_path), "/absent"),)), directory="/")
    assert not Path("/absent").exists()


def test_what_is_shown_below_such_a_folder_is_not_written_to_it(host: Host, tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers/file").write_text("layer")
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown/program").write_text("program")
    pairs = ((f"{tmp_path}/layers", str(tmp_path / "seen")),)
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen/kept").mkdir()
    (tmp_path / "seen/kept/program").write_text("program")
    world = World(folders=pairs, shown=(f"{tmp_path}/seen/kept",))
    script = f"cd {tmp_path}/seen; cat file kept/program"
    assert host.run(script, world, directory="/") == (0, "layerprogram")
    assert entries(tmp_path / "layers") == {"file"}


def test_a_read_only_world_can_be_written_to_in_tmp_alone(host: Host, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    world = World(tmp=str(host.tmp), folders=((f"{tmp_path}/code", "/var/task"),), read_only=True)
    script = "echo x >/tmp/file; echo x >/var/task/file; echo x >/etc/scones-file; cat /tmp/file; echo x >/dev/null"
    _, output = host.run(script, world, directory="/var/task")
    assert output.count("Read-only file system") == 2, output
    assert output.endswith("x\n")
    assert entries(tmp_path / "code") == set()
