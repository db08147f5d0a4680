"""Sends the server of the image-classification container what no client should: `make fuzz` runs it.

Pictures with bytes changed, cut off and repeated, headers of all kinds, and bytes that are no HTTP. Every answer must
be one of HTTP's, within the deadline; no worker may die, and none may grow.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import serving

SECONDS = float(os.environ.get("FUZZ_S", "600"))
DEADLINE_S, WARM_UP, GROWTH_MAX_MB = 10, 2000, 30.0
TYPES = ("image/png", "image/jpeg", "application/x-image", "text/csv", "", "image/png; charset=\x80")
EXTRA = (
    "",
    "Accept: application/jsonlines",
    "Accept: ,;q",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "X: " + "y" * 9000,
)
ALLOWED = {b"100", b"200", b"400", b"404", b"405", b"406", b"408", b"413", b"415", b"417"}


def main() -> None:
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    chance = random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        serving._train(Path(folder))
        with serving._served(Path(folder), serving._picture(1)) as (port, server, _):
            workers, before_mb, executions = server.children(), 0.0, 0
            end = time.monotonic() + SECONDS
            while time.monotonic() < end or executions <= WARM_UP:
                _check(port, _message(chance))
                executions += 1
                if executions == WARM_UP:
                    before_mb = _memory_mb(workers)
            if set(server.children()) != set(workers):
                raise SystemExit(f"a worker has died (FUZZ_SEED={seed}, {executions} executions)")
            growth_mb = _memory_mb(workers) - before_mb
    sys.stdout.write(
        f"/invocations: {executions} executions, memory {growth_mb:+.1f} MB (at most {GROWTH_MAX_MB:+g})\n"
    )
    if growth_mb > GROWTH_MAX_MB:
        raise SystemExit("memory grows")


def _check(port: int, message: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
        try:
            connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
        except TimeoutError:
            raise SystemExit(f"no answer within {DEADLINE_S} s to {message[:2000]!r}") from None
        except ConnectionError:  # it answered, and closed while this was still sending
            return
    if answer and answer[9:12] not in ALLOWED:
        raise SystemExit(f"{answer[:200]!r} was answered to {message[:2000]!r}")


def _message(chance: random.Random) -> bytes:
    body = _mutated(chance, serving._picture(chance.randrange(64)), chance.randrange(8))
    length = len(body) + chance.choice((0, 0, 0, 0, 0, 1, -1))
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: c\r\nContent-Type: {chance.choice(TYPES)}\r\nContent-Length: {length}\r\n"
    )
    extra = chance.choice(EXTRA)
    message = (head + (extra + "\r\n" if extra else "") + "\r\n").encode("latin-1") + body
    return _mutated(chance, message, 3) if chance.random() < 0.1 else message


def _mutated(chance: random.Random, data: bytes, times: int) -> bytes:
    changed = bytearray(data)
    for _ in range(times):
        at = chance.randrange(len(changed) + 1)
        what = chance.random()
        if what < 0.6:
            changed[at : at + 1] = bytes([chance.randrange(256)])
        elif what < 0.8:
            del changed[at : at + chance.randrange(40)]
        else:
            changed[at:at] = changed[at : at + chance.randrange(40)]
    return bytes(changed)


def _memory_mb(workers: list[psutil.Process]) -> float:
    return float(sum(worker.memory_info().rss for worker in workers)) / 1e6


if __name__ == "__main__":
    main()
