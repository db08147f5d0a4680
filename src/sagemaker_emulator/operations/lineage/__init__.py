"""Operations of lineage tracking."""

from sagemaker_emulator.operations.lineage import actions, artifacts, associations, contexts

__all__ = ["actions", "artifacts", "associations", "contexts"]
