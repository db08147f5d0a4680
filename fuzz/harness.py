"""Change good input at random for FUZZ_S seconds: each attempt must end in a result or a refusal, in time and in
steady memory.
"""

import faulthandler
import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HANG_S = 20.0
WARM_UP_SHARE = 0.25  # of the time; after it, caches and pools have reached their size
GROWTH_LIMIT_BYTES = 64 << 20
WORDS = (
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\t",
    b"\n",
    b"-1",
    b"1e999",
    b"nan",
    b"[",
    b"{",
)


def memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def fuzz(
    name: str,
    seeds: Sequence[bytes],
    attempt: Callable[[bytes], object],
    refused: type[Exception],
    memory_bytes: Callable[[], int] = memory_bytes,
) -> None:
    """Attempt changed inputs; on a failure, save the input in a file and end the process.

    `memory_bytes` measures the tested process, which may be another one.
    """
    length_s, seed = float(os.environ.get("FUZZ_S", "600")), int(os.environ.get("FUZZ_SEED", str(time.time_ns())))
    generator, started, executions, accepted = random.Random(seed), time.monotonic(), 0, 0  # noqa: S311
    settled_bytes = 0
    while (elapsed := time.monotonic() - started) < length_s:
        data = changed(generator, seeds)
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        try:
            attempt(data)
            accepted += 1
        except refused:
            pass
        except BaseException:  # whatever the reason, an interrupt included, keep the input that caused it
            print(f"{name}: seed {seed}, execution {executions}: the input is in {saved(name, data)}")  # noqa: T201
            raise
        faulthandler.cancel_dump_traceback_later()
        executions += 1
        if elapsed < WARM_UP_SHARE * length_s:
            settled_bytes = memory_bytes()
    growth_bytes = memory_bytes() - settled_bytes
    print(  # noqa: T201
        f"{name}: {executions:,} executions in {length_s:g} s ({accepted:,} accepted), seed {seed}; "
        f"memory grew by {growth_bytes / (1 << 20):.1f} MiB after the first quarter"
    )
    if growth_bytes > GROWTH_LIMIT_BYTES:
        raise SystemExit(f"{name}: memory grew by more than {GROWTH_LIMIT_BYTES >> 20} MiB")


def changed(generator: random.Random, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(generator.choice(seeds))
    for _ in range(generator.choice((0, 1, 1, 1, 2, 2, 4, 8, 32))):
        change(generator, data, seeds)
    return bytes(data)


def change(generator: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    place, length = generator.randrange(len(data) + 1), generator.choice((1, 1, 2, 4, 8, 64, 1024))
    match generator.randrange(6):
        case 0 if place < len(data):
            data[place] ^= 1 << generator.randrange(8)
        case 1:
            data[place : place + length] = generator.randbytes(length)
        case 2:
            del data[place : place + length]
        case 3:
            data[place:place] = generator.choice(WORDS)
        case 4:
            word = generator.choice(WORDS)
            data[place : place + len(word)] = word
        case _:
            other = generator.choice(seeds)
            start = generator.randrange(len(other) + 1)
            data[place:place] = other[start : start + length]


def saved(name: str, data: bytes) -> Path:
    path = Path(f".scones/fuzz-{name}.bin")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path
