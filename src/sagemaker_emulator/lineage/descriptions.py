"""Descriptions of lineage entities and associations, as Describe and List have them: pure functions."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.lineage.associations import Associations, name_of
from sagemaker_emulator.resources.tracking.lineage import Action, Artifact, Association, Context, LineageEntity
from sagemaker_emulator.wire import AwsError, present

Description = dict[str, Any]


def describe_artifact(artifact: Artifact) -> Description:
    return present({**_common(artifact, "Artifact"), "ArtifactName": artifact.label})


def describe_context(context: Context) -> Description:
    return present({**_common(context, "Context"), "ContextName": context.name, "Description": context.description})


def describe_action(action: Action) -> Description:
    described = {**_common(action, "Action"), "ActionName": action.name, "Status": action.action_status}
    return present({**described, "Description": action.description})


def summarize_association(association: Association, associations: Associations) -> Description:
    """Return the entry of ListAssociations, with the names of both ends as they are now."""
    return present(
        {
            "SourceArn": association.source_arn,
            "DestinationArn": association.destination_arn,
            "SourceType": association.source_type or None,
            "DestinationType": association.destination_type or None,
            "AssociationType": association.type,
            "SourceName": _name(associations, association.source_arn),
            "DestinationName": _name(associations, association.destination_arn),
            "CreationTime": association.created,
            "CreatedBy": {},
        }
    )


def _name(associations: Associations, arn: str) -> str | None:
    try:
        return name_of(associations.entity(arn))
    except AwsError:  # a trial component can be deleted while it has associations
        return None


def _common(entity: LineageEntity, noun: str) -> Description:
    return {
        f"{noun}Arn": entity.arn,
        f"{noun}Type": entity.type,
        "Source": entity.source,
        "Properties": entity.properties,
        "MetadataProperties": entity.metadata or None,
        "CreationTime": entity.created,
        "CreatedBy": {},
        "LastModifiedTime": entity.modified,
        "LastModifiedBy": {},
    }
