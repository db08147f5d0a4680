"""Random invocations: each is answered, an invalid one is refused, and none fails in the server."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp

COUNT, CLIENTS, SEED, DEADLINE_S = 600, 16, 20240229, 120
PATHS = ("invocations", "async-invocations", "invocations-response-stream")
GOOD = {
    "X-Amzn-SageMaker-Custom-Attributes": ("trace=1", "a" * 1024, ""),
    "X-Amzn-SageMaker-Target-Variant": ("AllTraffic",),
    "X-Amzn-SageMaker-Inference-Id": ("one", "z" * 64),
    "Content-Type": ("text/plain", "application/json; charset=utf-8", "x" * 1024),
    "Accept": ("*/*", "application/json"),
}
BAD = {
    "X-Amzn-SageMaker-Custom-Attributes": ("a" * 1025, "\tn\u00e4"),
    "X-Amzn-SageMaker-Target-Variant": ("no such variant", "-", "v" * 64),
    "X-Amzn-SageMaker-Inference-Id": ("z" * 65,),
    "Content-Type": ("x" * 1025,),
    "Accept": ("y" * 1025,),
}
ENDPOINTS = ("random", "random", "random", "missing", "not_valid", "n" * 64, "%2e%2e", "r%00m")


def _request(chance: random.Random) -> tuple[str, dict[str, str], bytes, bool]:
    """Return a path, headers, a body, and whether all of it is valid."""
    endpoint, path = chance.choice(ENDPOINTS), chance.choice(PATHS)
    chosen = {name: chance.choice(values) for name, values in GOOD.items() if chance.random() < 0.5}
    valid = endpoint == "random" and path != "async-invocations"
    if chance.random() < 0.3:
        name = chance.choice(sorted(BAD))
        chosen[name], valid = chance.choice(BAD[name]), False
    if path != "invocations" and "Accept" in chosen:  # the other two have a header of their own for it
        chosen["X-Amzn-SageMaker-Accept"] = chosen.pop("Accept")
    return f"/endpoints/{endpoint}/{path}", chosen, chance.randbytes(chance.choice((0, 1, 1000))), valid


async def _answers(url: str, requests: list[Any]) -> list[tuple[Any, int, bytes]]:
    slots = asyncio.Semaphore(CLIENTS)

    async def ask(request: tuple[str, dict[str, str], bytes, bool]) -> tuple[Any, int, bytes]:
        path, headers, body, _ = request
        async with slots, http.post(url + path, headers=headers, data=body) as answer:
            return request, answer.status, await answer.read()

    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with aiohttp.ClientSession(timeout=timeout, requote_redirect_url=False) as http:
        return await asyncio.gather(*map(ask, requests))


def test_random_invocations_are_answered_and_invalid_ones_refused(emulator: Any, hosting: Any) -> None:
    hosting.simple("random")
    chance = random.Random(SEED)
    requests = [_request(chance) for _ in range(COUNT)]
    taken = 0
    for (path, headers, _, valid), status, body in asyncio.run(_answers(emulator.url, requests)):
        what = f"{path} {headers} → {status} {body[:300]!r}"
        assert status < 500, what
        if valid:
            taken += 1
            assert status == 200, what
        else:
            assert status in (400, 404), what
            assert "message" in {name.lower() for name in json.loads(body)}, what
    assert taken > COUNT / 10
