"""Answers that are kept for a moment: a change makes them old."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from tests.unit.console.doubles import Session

from console.aws.client import Aws


def test_an_answer_from_before_a_change_is_not_kept_after_it() -> None:
    may_answer = threading.Event()
    objects: list[str] = []

    def listed(**_: Any) -> list[str]:
        before = list(objects)
        may_answer.wait(60)
        return before

    def put(Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's name
        objects.append(Key)
        return {}

    session = Session({"s3.list_objects_v2": listed, "s3.put_object": put})
    aws = Aws(session)

    async def change_meanwhile() -> tuple[Any, ...]:
        first = asyncio.ensure_future(aws.call("s3", "list_objects_v2", 60.0))
        while not session.asked("s3.list_objects_v2"):
            await asyncio.sleep(0)
        await aws.change("s3", "put_object", Key="a")
        second = asyncio.ensure_future(aws.call("s3", "list_objects_v2", 60.0))
        may_answer.set()
        return await first, await second, await aws.call("s3", "list_objects_v2", 60.0)

    assert asyncio.run(change_meanwhile()) == ([], ["a"], ["a"])
    assert len(session.asked("s3.list_objects_v2")) == 2
