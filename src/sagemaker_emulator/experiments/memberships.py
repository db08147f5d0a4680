"""The memberships of trial components in trials."""

from __future__ import annotations

import time
from contextlib import suppress

from sagemaker_emulator.resources.tracking.experiment import Trial, TrialMembership
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.storage.listing import Filter, in_json
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store

MEMBERS_OF = (
    "name IN (SELECT json_extract(CAST(body AS TEXT), '$.{wanted}') FROM resource "
    "WHERE kind = 'trial-membership' AND json_extract(CAST(body AS TEXT), '$.{by}') = ?)"
)
COMPONENTS_MAX = 1 << 30


class Memberships:
    """The memberships of all trials. Names have the case of the resources' own names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, trial: Trial, component: TrialComponent) -> None:
        """Add a component to a trial, unless it belongs to it already."""
        name = _name(trial.name, component.name)
        arn = f"{trial.arn}/component/{component.name.lower()}"
        member = TrialMembership(name, arn, time.time(), trial.name, trial.experiment, component.name)
        with suppress(AlreadyExists):
            self._store.add(member)

    def remove(self, trial: Trial, component: TrialComponent) -> bool:
        """Remove a component from a trial; return whether it belonged to it."""
        try:
            self._store.remove(TrialMembership, _name(trial.name, component.name))
        except NotFound:
            return False
        return True

    def forget(self, component: str) -> None:
        """Take a component out of all trials."""
        for member in self.of_component(component):
            self._store.remove(TrialMembership, member.name)

    def of_component(self, component: str) -> list[TrialMembership]:
        return self._select("component", component)

    def of_trial(self, trial: str) -> list[TrialMembership]:
        return self._select("trial", trial)

    def _select(self, member: str, name: str) -> list[TrialMembership]:
        sql, parameters = in_json(f"$.{member}", name)
        return self._store.select(TrialMembership, sql, parameters, "created, name", COMPONENTS_MAX)


def trials_with(component: str) -> Filter:
    """Return the filter for the trials that have a component."""
    return MEMBERS_OF.format(wanted="trial", by="component"), (component,)


def components_of(member: str, name: str) -> Filter:
    """Return the filter for the components of a trial or, if `member` is `experiment`, of all its trials."""
    return MEMBERS_OF.format(wanted="component", by=member), (name,)


def _name(trial: str, component: str) -> str:
    return f"{trial}/{component}"
