"""Labels: how many images have a class that a person gave them, and for what share of the captured records.

Drift says that images or answers are different. Only labels say whether the answers are right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from console.aws.captures.listing import Listing
from console.aws.captures.records import Captured
from console.aws.client import Aws
from console.aws.review.ground_truth import folder_of, inference_id_of
from console.aws.workflow import Workflow

LABELS_MAX = 20_000
KEPT_S = 5.0


@dataclass(frozen=True)
class Labels:
    """The number of labels, and of the captured records that were read, and that have a label."""

    count: int
    labeled: int
    captured: int
    is_partial: bool
    """Whether older captured records have not been read yet."""


async def labeled_ids(aws: Aws, workflow: Workflow) -> set[str]:
    """Return the inference ids that have a label. Raises Refused.

    They are the names of the files: the kit's have one label each. A file of another program counts once.
    """
    files = await Listing(aws, workflow.bucket).newest(folder_of(workflow.endpoint), LABELS_MAX, KEPT_S)
    return {inference_id_of(file.key) for file in files}


def labels_of(ids: Collection[str], records: Iterable[Captured], is_partial: bool) -> Labels:
    """Count the captured records, and those that have a label. A label names the inference id, or the event id."""
    captured = list(records)
    labeled = sum(each.inference_id in ids or each.event_id in ids for each in captured)
    return Labels(len(ids), labeled, len(captured), is_partial)
