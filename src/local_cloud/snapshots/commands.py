"""The command `scones snapshot`."""

import re
import time
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from local_cloud.cloud import LocalCloud, ServerState
from local_cloud.errors import LocalCloudError
from local_cloud.execution import cloud_of, takes_settings
from local_cloud.settings import Settings
from local_cloud.snapshots import archive
from local_cloud.state import locked

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SUFFIX = ".tar.gz"
SAVE_PATH = "/_scones/save-state"
SAVE_TIMEOUT_S = 60.0
SAVED = "204"
LOCK_TIMEOUT_S = 120.0


@click.group("snapshot")
def snapshot() -> None:
    """Save the state of the local AWS as one file, and load it again: scones snapshot save NAME."""


@snapshot.command("save")
@click.argument("name")
@takes_settings
def save(settings: Settings, name: str) -> None:
    """Save the state of both servers as NAME, or as a file if NAME is a path that ends in .tar.gz.

    The local AWS may be running, and serves requests meanwhile.
    """
    path, started = _path(settings, name), time.monotonic()
    cloud = cloud_of(settings)
    if cloud.is_external():
        raise LocalCloudError(
            "the local cloud was started by something else (such as docker compose), which keeps its state elsewhere"
        )
    if any(status.state == ServerState.RUNNING for status in cloud.status()):
        _ask_to_save(settings)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    archive.write(settings.state_dir, path)
    click.echo(f"saved {path}: {_size(path)} in {time.monotonic() - started:.1f} s")


@snapshot.command("load")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Replace the state without asking.")
@takes_settings
def load(settings: Settings, name: str, yes: bool) -> None:
    """Replace the state of the local AWS with that of a snapshot, given by NAME or by the path of its file.

    The local AWS must be down. Loading runs no code. Endpoints of the snapshot start with the local AWS, and functions
    run when they are called, so load snapshots only from people whose code you would run.
    """
    path, started = _existing(settings, name), time.monotonic()
    with locked(settings.state_dir, lambda message: click.echo(message, err=True), LOCK_TIMEOUT_S):
        _require_down(cloud_of(settings))
        if _has_state(settings) and not yes:
            click.confirm(f"Replace the state in {settings.state_dir}?", abort=True)
        archive.restore(path, settings.state_dir)
    click.echo(f"loaded {path} in {time.monotonic() - started:.1f} s. Start it: scones up")


@snapshot.command("list")
@takes_settings
def list_snapshots(settings: Settings) -> None:
    """List the snapshots that were saved as NAME."""
    paths = sorted(_folder(settings).glob(f"*{SUFFIX}"))
    if not paths:
        click.echo("no snapshot yet: scones snapshot save NAME")
    for path in paths:
        created = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{path.name.removesuffix(SUFFIX):30}{_size(path):>10}  {created}")


@snapshot.command("delete")
@click.argument("name")
@takes_settings
def delete(settings: Settings, name: str) -> None:
    """Delete a snapshot that was saved as NAME."""
    if not NAME.fullmatch(name):
        raise LocalCloudError(f"{name!r} is not the name of a snapshot (scones snapshot list)")
    path = _existing(settings, name)
    path.unlink()
    click.echo(f"deleted {path}")


def _folder(settings: Settings) -> Path:
    return settings.state_dir / "snapshots"


def _path(settings: Settings, name: str) -> Path:
    """Return the file of a snapshot: the file of a name in the state folder, or the path itself."""
    if name.endswith(SUFFIX):
        return Path(name).absolute()
    if not NAME.fullmatch(name):
        raise LocalCloudError(
            f"{name!r} cannot be the name of a snapshot: use letters, digits, dots, - and _, or a path that ends in "
            f"{SUFFIX}"
        )
    return _folder(settings) / f"{name}{SUFFIX}"


def _existing(settings: Settings, name: str) -> Path:
    path = _path(settings, name)
    if not path.is_file():
        raise LocalCloudError(f"there is no snapshot {path} (scones snapshot list)")
    return path


def _has_state(settings: Settings) -> bool:
    return any((settings.state_dir / name).exists() for name in archive.FOLDERS)


def _require_down(cloud: LocalCloud) -> None:
    if any(status.state == ServerState.RUNNING for status in cloud.status()):
        raise LocalCloudError("the local cloud is up, and its servers would overwrite what is loaded. Run: scones down")


def _ask_to_save(settings: Settings) -> None:
    """Make LocalStack save its latest changes. The emulator saves each change at once."""
    connection = HTTPConnection("127.0.0.1", settings.localstack_port, timeout=SAVE_TIMEOUT_S)
    try:
        connection.request("POST", SAVE_PATH)
        answer = str(connection.getresponse().status)
    except (OSError, HTTPException) as error:
        answer = str(error)
    finally:
        connection.close()
    if answer != SAVED:
        raise LocalCloudError(
            f"LocalStack could not save its state ({answer}). With SCONES_PERSISTENCE=off there is none to save; "
            "otherwise its log says why: scones logs server localstack"
        )


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
