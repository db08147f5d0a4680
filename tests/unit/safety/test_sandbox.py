"""Processes in worlds of their own, on this machine as it is: as root, or as another user through user namespaces."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safety.sandbox import Network, Sandbox, SandboxedProcess, StartFailed, World

DEADLINE_S = 60.0
START_MAX_S = 0.020  # for the fastest of many starts; the aim is 10 ms more than without a sandbox
IMAGE = "/tmp/image.png"  # noqa: S108 - what programs for AWS write
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.open()
    if not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


class Host:
    """Folders of the host, and a shell in a world made of them."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.opt_ml, self.tmp = sandbox, folder / "ml", folder / "tmp"
        self.output = folder / "output"
        for path in (self.opt_ml, self.tmp):
            path.mkdir()
        self.world = World(str(self.opt_ml), str(self.tmp))

    def start(
        self, script: str, world: World | None = None, network: Network | None = None, directory: str = "/opt/ml"
    ) -> SandboxedProcess:
        with self.output.open("wb") as output:
            return self.sandbox.start(
                ["sh", "-c", script],
                world=world or self.world,
                environment={"PATH": os.environ["PATH"]},
                directory=directory,
                output=output,
                network=network,
            )

    def run(
        self, script: str, world: World | None = None, network: Network | None = None, directory: str = "/opt/ml"
    ) -> tuple[int, str]:
        code = self.start(script, world, network, directory).wait(DEADLINE_S)
        return code, self.output.read_text()


@pytest.fixture
def host(sandbox: Sandbox, tmp_path: Path) -> Host:
    return Host(sandbox, tmp_path)


def is_gone(marker: str) -> bool:
    return subprocess.run(["pgrep", "-f", marker], capture_output=True, check=False).returncode == 1


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)  # poll
    return condition()


def entries(folder: Path | str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


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


def test_the_exit_code_and_the_signal_are_reported(host: Host) -> None:
    assert host.run("exit 3")[0] == 3
    assert host.run("kill -SEGV $$")[0] == -signal.SIGSEGV


def test_a_shell_stops_at_sigterm(host: Host) -> None:
    process = host.start("echo on; sleep 1000")
    assert soon(lambda: host.output.read_text() == "on\n")
    process.terminate()
    assert process.wait(DEADLINE_S) == -signal.SIGTERM


def test_a_program_can_handle_sigterm_and_still_be_killed(host: Host) -> None:
    process = host.start("trap 'echo term' TERM; echo on; while :; do sleep 0.05; done")
    assert soon(lambda: host.output.read_text() == "on\n")
    process.terminate()
    assert soon(lambda: "term" in host.output.read_text())
    assert process.poll() is None
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_signals_that_come_too_late_change_nothing(host: Host) -> None:
    for _ in range(20):
        process = host.start("exit 5")
        for _ in range(30):  # some are sent while it ends, and are never read
            process.send_signal(signal.SIGCONT)
        assert process.wait(DEADLINE_S) == 5


def test_all_descendants_end_with_the_process(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    code, _ = host.run(f"setsid {marker} & (setsid sh -c '{marker} & {marker}' &) ; sleep 0.2; exit 4")
    assert code == 4
    assert is_gone(marker)


def test_a_process_sees_only_its_own_processes(host: Host) -> None:
    if host.sandbox.availability.processes:
        pytest.skip(host.sandbox.availability.processes)
    _, output = host.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; echo; ls -d /proc/[0-9]*")
    assert f"/proc/{os.getpid()}" not in output.split()
    assert "PYTEST_CURRENT_TEST" not in output


def test_the_process_id_is_the_one_in_the_servers_proc(host: Host) -> None:
    process = host.start("exec sleep 1000")
    assert soon(lambda: "sleep" in Path(f"/proc/{process.pid}/cmdline").read_text())
    assert "VmHWM" in Path(f"/proc/{process.pid}/status").read_text()
    process.kill()
    process.wait(DEADLINE_S)


def test_a_process_cannot_undo_its_world(host: Host) -> None:
    code, _ = host.run("umount /opt/ml 2>/dev/null || mount -t tmpfs none /mnt 2>/dev/null")
    assert code != 0


def test_a_missing_program_fails_the_start(host: Host) -> None:
    with pytest.raises(StartFailed, match=r"No such file or directory.*no-such-program"):
        host.sandbox.start(["no-such-program"], world=host.world, environment={}, directory="/", output=1)


def test_wait_gives_up_after_its_timeout(host: Host) -> None:
    process = host.start("sleep 1000")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    assert process.wait(DEADLINE_S) == -signal.SIGKILL


def test_a_process_ends_when_nobody_refers_to_it(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    process = host.start(f"setsid {marker} & {marker}")
    assert soon(lambda: not is_gone(marker))
    del process
    assert soon(lambda: is_gone(marker))


def test_the_processes_of_a_killed_server_end(host: Host) -> None:
    marker = f"sleep {time.time_ns()}"
    server = f"""if True:
        import sys, time
        from safety.sandbox import Sandbox, World
        sandbox = Sandbox.open()
        process = sandbox.start(["sh", "-c", "setsid {marker} & {marker}"], world=World({str(host.opt_ml)!r}),
                                environment={{"PATH": {os.environ["PATH"]!r}}}, directory="/", output=2)
        print("on", flush=True)
        time.sleep(1000)
    """
    process = subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        process.kill()
    assert soon(lambda: is_gone(marker))


def network_of(sandbox: Sandbox) -> Network:
    if sandbox.availability.network:
        pytest.skip(sandbox.availability.network)
    return sandbox.new_network()


CONNECT = "python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' {} {} 2>&1"


def test_a_separate_network_has_no_way_out(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert host.run(CONNECT.format("127.0.0.1", port))[0] == 0
        network = network_of(host.sandbox)
        assert "refused" in host.run(CONNECT.format("127.0.0.1", port), network=network)[1]
        assert "unreachable" in host.run(CONNECT.format("192.0.2.1", 80), network=network)[1]


SERVE = """python3 -c '
import socket
with socket.create_server(("127.0.0.1", 8080)) as listener:
    print("on", flush=True)
    connection, _ = listener.accept()
    data = b""
    while block := connection.recv(65536): data += block
    connection.sendall(data[::-1]); connection.close()
'"""


def test_a_relay_reaches_a_port_inside(host: Host) -> None:
    network = network_of(host.sandbox)
    process = host.start(SERVE, network=network)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = host.sandbox.relay(listener, network, 8080)
        assert soon(lambda: host.output.read_text() == "on\n")
        body = os.urandom(1 << 20)
        with socket.create_connection(listener.getsockname(), DEADLINE_S) as client:
            client.sendall(body)
            client.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() == body[::-1]
        relay.close()
    assert process.wait(DEADLINE_S) == 0


def test_two_processes_can_share_a_network(host: Host) -> None:
    network = network_of(host.sandbox)
    server = host.start(SERVE, network=network)
    assert soon(lambda: host.output.read_text() == "on\n")
    assert host.run(CONNECT.format("127.0.0.1", 8080), network=network)[0] == 0
    assert server.wait(DEADLINE_S) == 0


PERSON = 12345
AS_PERSON = """if True:
    import os, subprocess, sys, tempfile, time
    sys.path.append(sys.argv[1])
    from safety.sandbox import Sandbox, World
    sandbox, marker = Sandbox.open(), f"sleep {time.time_ns()}"
    print(sandbox.availability)
    if sandbox.availability:
        folders = [tempfile.mkdtemp(), tempfile.mkdtemp()]
        script = f"setsid {marker} & (setsid sh -c '{marker} & {marker}' &); sleep 0.2; id -u >/opt/ml/id; touch /tmp/{os.getpid()}"
        process = sandbox.start(["sh", "-c", script], world=World(*folders), environment={"PATH": os.environ["PATH"]},
                                directory="/opt/ml", output=2)
        assert process.wait(60) == 0
        assert subprocess.run(["pgrep", "-f", marker], capture_output=True).returncode == 1, "a child is left"
        assert open(f"{folders[0]}/id").read().strip() == str(os.getuid())
        assert os.listdir(folders[1]) == [str(os.getpid())] and not os.path.exists(f"/tmp/{os.getpid()}")
        process = sandbox.start(["sh", "-c", f"setsid {marker} & {marker}"], world=World(*folders), directory="/",
                                environment={"PATH": os.environ["PATH"]}, output=2)
        process.kill()
        assert process.wait(60) == -9
        assert subprocess.run(["pgrep", "-f", marker], capture_output=True).returncode == 1, "a child is left"
        sandbox.close()
"""  # noqa: E501


def as_person(before: str) -> str:
    """Run the lines above as a user without privileges, after a command of root; return what they printed."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    source = Path(__file__).parents[3] / "src"
    person = f"setpriv --reuid {PERSON} --regid {PERSON} --clear-groups --inh-caps=-all"
    tried = f"{sys.executable} /usr/bin/python3"
    script = f"""{before}
        for python in {tried}; do {person} sh -c '"$0" -c pass' "$python" 2>/dev/null && break; done
        exec {person} "$python" -B -c "$1" {source}"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", AS_PERSON], text=True, capture_output=True, check=False
    )
    if "Permission denied" in done.stderr or "not found" in done.stderr:
        pytest.skip("a user without privileges can run no Python of this machine, or there is no setpriv")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_unprivileged_user_gets_a_sandbox_through_a_user_namespace() -> None:
    output = as_person("true")
    if "user namespace" in output:
        pytest.skip(output)
    assert output == "processes have their own /opt/ml and /tmp\n"


def test_descendants_end_also_without_a_separate_proc() -> None:
    """In a container a part of /proc is covered, and the kernel then refuses a new one to a user namespace."""
    output = as_person("mount -t tmpfs none /proc/sys")
    if "user namespace" in output:
        pytest.skip(output)
    assert "no own processes" in output


def test_an_unavailable_sandbox_gives_its_reason() -> None:
    sandbox = Sandbox.unavailable("no namespaces here")
    assert not sandbox.availability
    assert "no namespaces here" in str(sandbox.availability)
    with pytest.raises(StartFailed, match="no namespaces here"):
        sandbox.new_network()


def test_other_systems_have_no_sandbox() -> None:
    sandbox = Sandbox.open(system="darwin")
    assert str(sandbox.availability) == "processes share the machine's /opt/ml and /tmp: only Linux has namespaces"


def test_a_start_is_fast(host: Host) -> None:
    command, wall = ["/bin/true"], []
    for _ in range(20):
        began = time.perf_counter()
        process = host.sandbox.start(command, world=host.world, environment={}, directory="/opt/ml", output=1)
        wall.append(time.perf_counter() - began)
        process.wait(DEADLINE_S)
    print(f"a start in a sandbox takes {min(wall) * 1e3:.1f} ms at best")
    assert min(wall) < START_MAX_S


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
