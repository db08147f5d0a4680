"""The text of `status`, `up` and `down`."""

from pathlib import Path

from local_cloud.cloud import ServerStatus
from local_cloud.processes import EndedProcess

COMMAND_WIDTH = 100
MEMORY_COLUMN, LOG_COLUMN = 55, 66


def status_table(statuses: tuple[ServerStatus, ...], width: int | None = None) -> str:
    """Return a row for each server. If a row is wider than `width`, the logs are below the table."""
    rows = [_row("SERVER", "STATE", "PID", "PORT", "UPTIME", "MEMORY", "LOG"), *map(_status_row, statuses)]
    if width is None or max(map(len, rows)) <= width:
        return "\n".join(rows)
    short = [row[: LOG_COLUMN if width >= LOG_COLUMN else MEMORY_COLUMN].rstrip() for row in rows]
    return "\n".join([*short, "", *(f"{status.name:12}{status.log}" for status in statuses)])


def describe_ended(ended: EndedProcess) -> str:
    if ended.server:
        how = "did not stop in time, so it was ended by force" if ended.killed else "stopped"
        return f"{ended.server} {how} (pid {ended.pid})"
    how = "ended by force, because it did not end on SIGTERM" if ended.killed else "ended"
    command = ended.command if len(ended.command) <= COMMAND_WIDTH else f"{ended.command[: COMMAND_WIDTH - 1]}…"
    return f"pid {ended.pid} {how}: {command}"


def guide(url: str, config: Path, profile: str, program: str) -> str:
    """Return the commands to try next when the local cloud is up; `program` is how to call `scones` here."""
    shown = config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config
    return (
        f"\n ✓ The local cloud is up: {url}\n"
        f"   the workflow    {program} run\n"
        f"   in the browser  {program} console\n"
        f"   the aws cli     AWS_CONFIG_FILE={shown} AWS_PROFILE={profile} aws s3 ls\n"
        f'   this shell      eval "$({program} env)"\n'
        f"   its health      {program} status, {program} logs\n"
        f"   the end         {program} down\n"
        f"   Each is a target of make, too: make run, make status, make logs, make down"
    )


def _status_row(status: ServerStatus) -> str:
    return _row(
        status.name,
        status.state,
        str(status.pid or "-"),
        str(status.port),
        _duration(status.uptime_s),
        "-" if status.memory_bytes is None else f"{status.memory_bytes / 2**20:.0f} MiB",
        str(status.log),
    )


def _row(*cells: str) -> str:
    return f"{cells[0]:12}{cells[1]:15}{cells[2]:>9}{cells[3]:>7}{cells[4]:>12}{cells[5]:>11}  {cells[6]}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
