"""Copies of requests for shadow variants: how many are in flight."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from sagemaker_emulator.hosting.deployments import Deployment, Shadow
from sagemaker_emulator.hosting.samples import Sample
from sagemaker_emulator.invocation.requests import InvokeEndpointRequest
from sagemaker_emulator.invocation.shadow_traffic import IN_FLIGHT_MAX, ShadowTraffic


def shadow_of(endpoint: str) -> Shadow:
    return Shadow(Deployment(endpoint, None, None, {}), Sample(1))


def test_an_endpoint_with_too_many_copies_in_flight_takes_none_from_another(caplog: pytest.LogCaptureFixture) -> None:
    copied = Counter[str]()

    async def copy() -> None:
        answered = asyncio.Event()

        async def serve(deployment: Deployment, _: InvokeEndpointRequest) -> None:
            copied[deployment.endpoint_name] += 1
            await answered.wait()

        traffic = ShadowTraffic(serve)

        async def request(endpoint: str, count: int) -> None:
            for _ in range(count):
                traffic.copy(shadow_of(endpoint), InvokeEndpointRequest(endpoint))
            await asyncio.sleep(0)  # the copies begin

        await request("slow", IN_FLIGHT_MAX + 2)
        await request("other", 1)
        assert copied == {"slow": IN_FLIGHT_MAX, "other": 1}
        answered.set()
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # what follows a task's end
        await request("slow", 1)
        assert copied["slow"] == IN_FLIGHT_MAX + 1

    with caplog.at_level(logging.WARNING):
        asyncio.run(copy())
    assert [record.args for record in caplog.records] == [("slow", IN_FLIGHT_MAX)]
