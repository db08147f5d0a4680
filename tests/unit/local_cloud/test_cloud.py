import os
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from tests.waiting import until

from local_cloud.cloud import LocalCloud, ServerState
from local_cloud.errors import LocalCloudError, PortInUseError, StartError
from local_cloud.ports import free_port, is_healthy
from local_cloud.processes import LABEL, leftovers
from local_cloud.state import ServerRecord, ServerRecords

from .conftest import Clouds, occupied_port, running, runs, server


def pid_of(cloud: LocalCloud, name: str = "one") -> int:
    return next(status.pid for status in cloud.status() if status.name == name and status.pid)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runs(pid), "the end of the process")


def states(cloud: LocalCloud) -> list[ServerState]:
    return [status.state for status in cloud.status()]


def test_up_starts_both_servers_and_down_ends_them(clouds: Clouds) -> None:
    cloud = clouds(server("one"), server("two"))
    assert cloud.up() == ("one", "two")
    assert states(cloud) == [ServerState.RUNNING, ServerState.RUNNING]
    assert len(cloud.down()) == 2
    assert states(cloud) == [ServerState.STOPPED, ServerState.STOPPED]
    assert leftovers(clouds.state_dir) == []


def test_a_second_up_starts_nothing(clouds: Clouds) -> None:
    one = server("one")
    clouds(one).up()
    before = pid_of(clouds(one))
    assert clouds(one).up() == ()
    assert pid_of(clouds(one)) == before
    clouds(one).down()


def test_up_restarts_only_the_dead_server_and_ends_its_orphans(clouds: Clouds) -> None:
    one, two = server("one", "--child"), server("two", "--child")
    cloud = clouds(one, two)
    cloud.up()
    orphan, kept = child_of(cloud, "one"), child_of(cloud, "two")
    kill(pid_of(cloud, "one"))
    assert states(cloud) == [ServerState.DEAD, ServerState.RUNNING]
    assert cloud.up() == ("one",)
    assert "one (pid" in clouds.output.getvalue()
    assert "its state is kept" in clouds.output.getvalue()
    assert not runs(orphan)
    assert runs(kept)
    cloud.down()
    assert not runs(kept)


def child_of(cloud: LocalCloud, name: str) -> int:
    line = re.search(r"child (\d+)", cloud.log(name).read_text())
    assert line
    return int(line[1])


def test_a_port_in_use_is_an_error_that_names_the_process_and_another_port(clouds: Clouds) -> None:
    with (
        occupied_port() as port,
        pytest.raises(PortInUseError, match=rf"port {port}.*pid {os.getpid()}: .*\n.*export ONE_PORT=\d+; scones up"),
    ):
        clouds(server("one", port=port)).up()
    assert leftovers(clouds.state_dir) == []


def test_a_server_that_dies_at_start_shows_its_log_and_the_other_is_stopped(clouds: Clouds) -> None:
    with pytest.raises(StartError, match=r"two died while it started \(exit code 1\).\n.*two.log:\n  the disk is full"):
        clouds(server("one"), server("two", "--die")).up()
    assert leftovers(clouds.state_dir) == []


def test_a_server_that_never_answers_fails_the_start_at_the_deadline(clouds: Clouds) -> None:
    with pytest.raises(
        StartError,
        match=r"one did not answer http://127.0.0.1:\d+/health within \d+ s(.|\n)*The last lines of .*one.log",
    ):
        clouds(server("one", "--deaf"), timeout_s=0.5).up()
    assert leftovers(clouds.state_dir) == []


def test_a_missing_program_is_an_error_that_names_make_setup(clouds: Clouds) -> None:
    absent = server("one").__class__("one", ("/nowhere/python",), {}, free_port(), "/health", "ONE_PORT")
    with pytest.raises(StartError, match=r"/nowhere/python: No such file or directory. Run: make setup"):
        clouds(absent).up()


def test_a_server_that_ignores_sigterm_is_killed_after_the_grace_period(clouds: Clouds) -> None:
    cloud = clouds(server("one", "--ignore-term"), grace_s=0.2)
    cloud.up()
    assert [ended.killed for ended in cloud.down()] == [True]


def test_down_ends_processes_with_the_label_and_no_others(clouds: Clouds) -> None:
    cloud = clouds(server("one"))
    cloud.up()
    labeled = subprocess.Popen(["sleep", "600"], env={**os.environ, LABEL: str(clouds.state_dir)})
    others = subprocess.Popen(["sleep", "600"], env={**os.environ, LABEL: f"{clouds.state_dir}-of-another"})
    ended = {each.pid for each in cloud.down()}
    assert labeled.pid in ended
    assert labeled.wait() == -signal.SIGTERM
    assert others.poll() is None
    others.kill()
    others.wait()


def test_up_ends_a_server_that_was_started_but_never_recorded(clouds: Clouds) -> None:
    one = server("one")
    unrecorded = subprocess.Popen(one.command, env={**os.environ, LABEL: str(clouds.state_dir)})
    until(lambda: psutil.Process(unrecorded.pid).net_connections(), "the server to listen")
    cloud = clouds(one)
    assert cloud.up() == ("one",)
    assert unrecorded.wait() == -signal.SIGTERM
    cloud.down()


def test_a_reused_pid_is_left_alone(clouds: Clouds) -> None:
    one = server("one")
    clouds.state_dir.mkdir()
    ServerRecords(clouds.state_dir / "cloud.json").put("one", ServerRecord(os.getpid(), created=1.0, port=one.port))
    cloud = clouds(one)
    assert states(cloud) == [ServerState.DEAD]
    assert cloud.down() == []


def test_up_recovers_from_a_broken_state_file(clouds: Clouds) -> None:
    one = server("one")
    clouds(one).up()
    (clouds.state_dir / "cloud.json").write_text('{"one": {"pi')
    cloud = clouds(one)
    assert cloud.up() == ("one",)
    assert states(cloud) == [ServerState.RUNNING]
    cloud.down()


def test_a_port_other_than_the_running_servers_is_refused(clouds: Clouds) -> None:
    one = server("one")
    clouds(one).up()
    with pytest.raises(LocalCloudError, match=rf"one runs on port {one.port}, not on \d+. Run `scones down` first"):
        clouds(server("one")).up()
    clouds(one).down()


def test_a_foreign_server_on_the_port_is_not_used(clouds: Clouds) -> None:
    one, others = server("one"), server("one")
    foreign = subprocess.Popen(others.command)
    clouds(one).up()
    until(lambda: is_healthy(others), "the other server to be healthy")
    with pytest.raises(LocalCloudError, match=rf"one runs on port {one.port}, not on {others.port}"):
        clouds(others).is_up()
    assert [(status.state, status.port) for status in clouds(others).status()] == [(ServerState.RUNNING, one.port)]
    foreign.kill()
    foreign.wait()
    assert states(clouds(others)) == [ServerState.RUNNING]
    assert clouds(one).is_up()


def test_a_foreign_server_that_is_quicker_to_take_the_port_is_not_used(clouds: Clouds) -> None:
    slow = server("one", "--deaf")
    cloud, port = clouds(slow), slow.port
    with ThreadPoolExecutor() as pool:
        starting = pool.submit(cloud.up)
        until(lambda: cloud.log("one").is_file() and "listening" in cloud.log("one").read_text(), "the start")
        with (
            running(server("two", port=port).command) as foreign,
            pytest.raises(PortInUseError, match=rf"port {port}.*pid {foreign.pid}: "),
        ):
            starting.result(60)
    assert states(cloud) == [ServerState.STOPPED]


def test_two_concurrent_ups_start_one_cloud(clouds: Clouds) -> None:
    one = server("one")
    started: list[tuple[str, ...]] = []
    cloud, other = clouds(one), clouds(one)
    threads = [threading.Thread(target=lambda each=each: started.append(each.up())) for each in (cloud, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [(), ("one",)]
    assert len(leftovers(clouds.state_dir)) == 1
    cloud.down()


def test_each_start_begins_a_new_log_and_keeps_the_previous_one(clouds: Clouds) -> None:
    cloud = clouds(server("one"))
    cloud.up()
    cloud.down()
    cloud.up()
    cloud.down()
    assert cloud.log("one").read_text() == "listening\n"
    assert cloud.log("one").with_name("one.log.1").read_text() == "listening\n"
