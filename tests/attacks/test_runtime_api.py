"""Attacks on the Lambda Runtime API by programs of the same user, who reach its port."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from tests.attacks.raw_requests import RawRequest, exchange, status_of
from tests.attacks.tally import Tally
from tests.attacks.victim import Cloud

API = "/2018-06-01/runtime"
REQUESTS = {
    "an answer": ("POST", f"{API}/invocation/any-id/response", '"evil"'),
    "an error": ("POST", f"{API}/invocation/any-id/error", '{"errorType": "Evil"}'),
    "a failed initialization": ("POST", f"{API}/init/error", '{"errorType": "Evil"}'),
    "the next event": ("GET", f"{API}/invocation/next", ""),
}
SECRETS = ("", "Scones-Lambda-Secret: ", "Scones-Lambda-Secret: 0", "Scones-Lambda-Secret: \u00e4")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_foreign_request_settles_no_invocation(cloud: Cloud, tally: Tally, name: str) -> None:
    method, path, body = REQUESTS[name]
    port = next(port for where, port in cloud.ports.items() if where not in ("LocalStack", "emulator"))
    functions, events = cloud.client("lambda"), [str(uuid4()) for _ in range(20)]
    with ThreadPoolExecutor(1) as pool:
        answers = pool.map(lambda e: functions.invoke(FunctionName="victim", Payload=json.dumps(e)), events)
        for secret in SECRETS:
            received = exchange(port, RawRequest(port, method, path, (secret,) if secret else (), body).to_bytes())
            got_through = status_of(received) != 403
            tally.add("Runtime API, same user", f"{name} with {secret!r}", got_through)
            assert not got_through, received
        assert [json.loads(answer["Payload"].read()) for answer in answers] == events
