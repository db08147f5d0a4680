"""Stateful sessions: the requests of a session go to the instance whose container began it.

The container decides. It answers a request with the SessionId NEW_SESSION by a header with the session's ID and the
time at which it expires, and ends the session by another header; the emulator remembers the instance in between. A
container that knows no sessions just answers. Source: developer guide, "Stateful sessions with SageMaker AI models".
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sagemaker_emulator.errors import runtime_validation
from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.invocation.routing import Exchange

NEW_SESSION = "NEW_SESSION"
NEW_HEADER, CLOSED_HEADER = "x-amzn-sagemaker-new-session-id", "x-amzn-sagemaker-closed-session-id"
NEW = re.compile(  # the pattern of NewSessionId
    r"(?P<id>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?); Expires=(?P<expires>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", re.ASCII
)
HEADER_MAX = 256
SESSIONS_MAX = 10_000  # of all endpoints of an account and region

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    deployment: Deployment
    variant: Variant
    instance: Instance
    expires: float  # epoch seconds


class Sessions:
    """The sessions that have begun, by endpoint and ID, on the server's event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sessions: dict[tuple[str, str], Session] = {}

    def route(self, deployment: Deployment, session_id: str | None) -> Deployment:
        """Return the deployment that a request goes to: with the session's instance alone, if it names a session.

        ValidationError for a session that has not begun here, has ended or expired, or whose instance is gone.
        """
        if session_id is None:
            return deployment
        if deployment.serverless:
            raise runtime_validation(f"Endpoint {deployment.endpoint_name} is serverless: it has no stateful sessions.")
        if session_id == NEW_SESSION:
            return deployment
        session = self._sessions.get((deployment.endpoint_name, session_id))
        if session is None or session.expires <= self._clock() or not session.instance.is_ready:
            self._sessions.pop((deployment.endpoint_name, session_id), None)
            raise runtime_validation(
                f"Session {session_id} of endpoint {deployment.endpoint_name} does not exist, or it has ended. Begin a "
                f"session with the SessionId {NEW_SESSION}."
            )
        one = Variant(session.variant.name, 1.0, session.variant.launcher, [session.instance])
        return replace(session.deployment, variants={one.name: one}, shadow=None)

    def follow(self, deployment: Deployment, exchange: Exchange, session_id: str | None) -> dict[str, str]:
        """Remember the session that an answer begins, if it was asked for, and forget the one that it closes.

        Return NewSessionId and ClosedSessionId, as far as the container gave them.
        """
        if session_id is None:
            return {}
        endpoint, output = deployment.endpoint_name, dict[str, str]()
        new, closed = exchange.headers.get(NEW_HEADER), exchange.headers.get(CLOSED_HEADER)
        if session_id == NEW_SESSION and new is not None and (begun := _begun(new)):
            self._make_room()
            self._sessions[endpoint, begun[0]] = Session(deployment, exchange.variant, exchange.instance, begun[1])
            output["NewSessionId"] = new
        if closed == session_id:
            self._sessions.pop((endpoint, closed), None)
            output["ClosedSessionId"] = closed
        return output

    def _make_room(self) -> None:
        """Forget what has expired, and then the oldest, when there are too many sessions."""
        if len(self._sessions) < SESSIONS_MAX:
            return
        now = self._clock()
        self._sessions = {key: one for key, one in self._sessions.items() if one.expires > now}
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]


def _begun(header: str) -> tuple[str, float] | None:
    """Return the ID and the end of a session, in epoch seconds. None for a header that is not as AWS documents it."""
    match = NEW.fullmatch(header) if len(header) <= HEADER_MAX else None
    if match:
        with suppress(ValueError):  # such as the 31st of February
            return match["id"], datetime.fromisoformat(match["expires"]).timestamp()
    log.warning(
        "a container began a session with %r instead of <ID>; Expires=yyyy-mm-ddThh:mm:ssZ", header[:HEADER_MAX]
    )
    return None
