"""The collections of lineage, as one object."""

from __future__ import annotations

from sagemaker_emulator.lineage.associations import Associations
from sagemaker_emulator.lineage.entities import Actions, Artifacts, Contexts
from sagemaker_emulator.lineage.query import LineageQuery
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.storage.store import Store


class Lineage:
    """Artifacts, contexts, actions, and the associations between them and with trial components."""

    def __init__(self, store: Store, arns: Arns) -> None:
        self.artifacts, self.contexts, self.actions = (
            Artifacts(store, arns),
            Contexts(store, arns),
            Actions(store, arns),
        )
        self.associations = Associations(store, arns)
        self.query = LineageQuery(self.associations)
