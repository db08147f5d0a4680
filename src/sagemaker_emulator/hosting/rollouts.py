"""Rollouts: a thread for each change of an endpoint that takes time, from Create to the end of Delete.

`endpoints.py` tells how the statuses, the threads and the deployments belong together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sagemaker_emulator.archives.archive import ArchiveError
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.hosting.deployments import Deployment, deploy
from sagemaker_emulator.hosting.endpoint_records import EndpointRecords
from sagemaker_emulator.hosting.guardrails.alarms import AlarmWatch
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.hosting.guardrails.steps import Steps, steps_of
from sagemaker_emulator.hosting.guardrails.update import Closing, DeploymentState, RollBack, Stage, Update
from sagemaker_emulator.hosting.launcher import HostingContext
from sagemaker_emulator.hosting.serving_container import StartFailed
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision
from sagemaker_emulator.storage.disk_full import is_disk_full, when_there_is_room
from sagemaker_emulator.wire import AwsError

T = TypeVar("T")

log = logging.getLogger(__name__)


class DeploymentFailed(Exception):
    """A revision could not be started; the text is the endpoint's FailureReason."""


class Rollouts:
    """The live deployments: started, replaced, rescaled and stopped.

    `live` returns the one that the endpoint's record names, `route` the one that answers the next request: while an
    update is under way, it may be the new one.
    """

    def __init__(self, records: EndpointRecords, context: HostingContext) -> None:
        self._records, self._context = records, context
        self._deployments: dict[str, Deployment] = {}
        self._updates: dict[str, Update] = {}
        self._threads: set[threading.Thread] = set()

    def live(self, name: str) -> Deployment | None:
        """Return what serves an endpoint at the moment."""
        return self._deployments.get(name)

    def route(self, name: str) -> Deployment | None:
        """Return the deployment that answers the next request for an endpoint."""
        if self._updates and (update := self._updates.get(name)) and (split := update.split):
            return split.choose()
        return self._deployments.get(name)

    def update(self, name: str) -> Update | None:
        """Return the update of an endpoint that is under way, to describe it."""
        return self._updates.get(name)

    def create(self, endpoint: Endpoint) -> None:
        self._in_background(self._bring_up, endpoint.name, endpoint.revision)

    def replace(self, endpoint: Endpoint) -> None:
        """Move an endpoint to its pending revision, in the steps of its DeploymentConfig."""
        self._in_background(self._replace, endpoint.name)

    def rescale(self, endpoint: Endpoint, before: Revision) -> None:
        """Apply the weights of an endpoint at once, its instance counts in the background."""
        if deployment := self.live(endpoint.name):
            deployment.weigh(endpoint.revision)
        self._in_background(self._rescale, endpoint.name, before, endpoint.revision)

    def delete(self, endpoint: Endpoint) -> None:
        self._in_background(self._take_down, endpoint.name)

    def recover(self) -> None:
        """After a restart: finish deletions, resume what was under way, and serve again what was served."""
        endpoints = self._records.all()
        self._context.remove_stale_files({one.name: _revision_ids(one) for one in endpoints})
        for endpoint in endpoints:
            if endpoint.status is EndpointStatus.DELETING:
                self._take_down(endpoint.name)
            elif endpoint.status is not EndpointStatus.FAILED:
                self._in_background(self._restore, endpoint.name)

    def close(self) -> None:
        """Stop every container. The endpoints stay in the store and are served again after the next start."""
        self._context.closing.set()
        for thread in list(self._threads):
            thread.join()
        for deployment in list(self._deployments.values()):
            deployment.stop()
        self._deployments.clear()

    # ---- in the thread of a change ----

    def _bring_up(self, name: str, revision: Revision, reason: str | None = None) -> None:
        try:
            self._deployments[name] = self._deploy(name, revision)
        except DeploymentFailed as error:
            self._move(name, EndpointStatus.FAILED, str(error))
        else:
            self._move(name, EndpointStatus.IN_SERVICE, reason)

    def _restore(self, name: str) -> None:
        endpoint = self._records.get(name)
        if endpoint.pending:
            with suppress(DeploymentFailed):
                self._deployments[name] = self._deploy(name, endpoint.revision)
            self._replace(name)
            return
        reason = endpoint.failure_reason if endpoint.status is EndpointStatus.ROLLING_BACK else None
        if endpoint.status in (EndpointStatus.IN_SERVICE, EndpointStatus.UPDATE_ROLLBACK_FAILED):
            self._move(name, EndpointStatus.SYSTEM_UPDATING)
        self._bring_up(name, endpoint.revision, reason)

    def _replace(self, name: str) -> None:
        endpoint = self._records.get(name)
        assert endpoint.pending is not None
        update = self._updates[name] = self._update_to(name, endpoint.pending, Policy.parse(endpoint.deployment_config))
        try:
            update.enter(Stage.CREATING)
            self._carry_out(name, endpoint.revision, update)
        except BaseException:  # whatever the reason, the old deployment serves and nothing else stays running
            update.split = None
            if update.new and update.new is not self._deployments.get(name):
                update.new.stop()
            raise
        finally:
            if self._updates.get(name) is update:  # once this one has ended, the next one may have begun
                del self._updates[name]

    def _carry_out(self, name: str, before: Revision, update: Update) -> None:
        steps = steps_of(update)
        try:
            _with_failure_reason(steps.carry_out)
        except (DeploymentFailed, RollBack) as error:
            self._abandon_when_closing()
            self._undo(name, before, update, steps, str(error))
        else:
            self._finish(name, before, update)

    def _update_to(self, name: str, revision: Revision, policy: Policy) -> Update:
        context = self._context
        return Update(
            revision=revision,
            policy=policy,
            alarms=AlarmWatch(lambda: context.aws.alarms, policy.alarms),
            old=self._deployments.get(name),
            start=lambda part: deploy(context, name, part),
            closing=context.closing,
            on_stage=partial(self._announce, name),
        )

    def _announce(self, name: str, update: Update) -> None:
        """Send the event of a stage. A rollback has none of its own: the endpoint's status tells of it."""
        endpoint = self._records.get(name)
        if endpoint.pending:
            self._records.announce(DeploymentState(endpoint, replace(update)))

    def _finish(self, name: str, before: Revision, update: Update) -> None:
        """Keep the old deployment as long as the policy says, then stop it: the new one has the whole traffic."""
        assert update.new is not None
        self._deployments[name] = update.new
        self._context.closing.wait(update.policy.termination_wait_s)
        self._change(name, lambda one: one.serving(update.revision).moved_to(EndpointStatus.IN_SERVICE, time.time()))
        if update.old:
            update.old.drain()
        self._context.remove_archives(name, before)

    def _undo(self, name: str, revision: Revision, update: Update, steps: Steps, reason: str) -> None:
        """Serve `revision` again; without a deployment that still runs, the endpoint has failed."""
        steps.retreat()
        status = EndpointStatus.ROLLING_BACK if update.old else EndpointStatus.FAILED
        self._change(name, lambda one: one.serving(revision).moved_to(status, time.time(), reason))
        if update.old:
            status, reason = self._restore_old(name, steps, reason)
            update.split = None
            self._move(name, status, reason)
        if update.new:
            update.new.drain()
        self._context.remove_archives(name, update.revision)

    def _restore_old(self, name: str, steps: Steps, reason: str) -> tuple[EndpointStatus, str]:
        """Bring the old instances back; return the status and FailureReason. If some do not start, the others serve."""
        try:
            _with_failure_reason(steps.restore)
        except DeploymentFailed as error:
            self._abandon_when_closing()
            log.error("endpoint %s serves with fewer instances: %s", name, error)
            reason = f"{reason} Its old instances could not be started again: {error}"
            return EndpointStatus.UPDATE_ROLLBACK_FAILED, reason
        return EndpointStatus.IN_SERVICE, reason

    def _rescale(self, name: str, before: Revision, revision: Revision) -> None:
        deployment = self._deployments[name]
        try:
            _with_failure_reason(lambda: deployment.scale_to(revision))
        except DeploymentFailed as error:
            self._abandon_when_closing()
            deployment.scale_to(before)
            self._roll_back(name, before, str(error))
        else:
            self._move(name, EndpointStatus.IN_SERVICE)

    def _roll_back(self, name: str, revision: Revision, reason: str) -> None:
        """Serve `revision` again; without a deployment that still runs, the endpoint has failed."""
        is_live = name in self._deployments
        status = EndpointStatus.ROLLING_BACK if is_live else EndpointStatus.FAILED
        self._change(name, lambda one: one.serving(revision).moved_to(status, time.time(), reason))
        if is_live:
            self._move(name, EndpointStatus.IN_SERVICE, reason)

    def _take_down(self, name: str) -> None:
        deployment = self._deployments.pop(name, None)
        if deployment:
            deployment.stop()
        self._context.remove_archives(name)
        self._stored(lambda: self._records.delete(name))

    def _move(self, name: str, status: EndpointStatus, reason: str | None = None) -> None:
        self._stored(lambda: self._records.move(name, status, reason))

    def _change(self, name: str, change: Callable[[Endpoint], Endpoint]) -> None:
        self._stored(lambda: self._records.change(name, change))

    def _stored(self, change: Callable[[], T]) -> T:
        """Store the outcome of a change. While the disk is full, it waits: the endpoint serves meanwhile."""
        return when_there_is_room(change, self._context.closing.is_set)

    def _deploy(self, name: str, revision: Revision) -> Deployment:
        try:
            return _with_failure_reason(lambda: deploy(self._context, name, revision))
        except DeploymentFailed:
            self._abandon_when_closing()
            raise

    def _abandon_when_closing(self) -> None:
        """A start that failed because the emulator is closing is no failure: the next start resumes the change."""
        if self._context.closing.is_set():
            raise Closing

    def _in_background(self, change: Callable[..., None], name: str, *arguments: Any) -> None:
        thread = threading.Thread(
            target=self._run_change, args=(change, name, *arguments), name=f"endpoint {name}", daemon=True
        )
        self._threads.add(thread)
        thread.start()

    def _run_change(self, change: Callable[..., None], name: str, *arguments: Any) -> None:
        try:
            with suppress(Closing):
                change(name, *arguments)
        except Exception:  # the edge of a thread
            log.exception("endpoint %s", name)
            self._move(name, EndpointStatus.FAILED, "InternalServerError: see the emulator's log")
        finally:
            self._threads.discard(threading.current_thread())


def _with_failure_reason(start: Callable[[], T]) -> T:
    """Call `start`; raise what goes wrong as DeploymentFailed, in the words of a FailureReason."""
    try:
        return start()
    except (StartFailed, EngineError, ArchiveError, AwsError, ValueError) as error:
        raise DeploymentFailed(str(error)) from error
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise DeploymentFailed(f"InternalServerError: {error.strerror}: {error.filename}") from error
    except AWS_ERRORS as error:
        raise DeploymentFailed(f"The model data could not be read from S3: {error}") from error


def _revision_ids(endpoint: Endpoint) -> set[str]:
    return {revision.id for revision in (endpoint.revision, endpoint.pending) if revision}
