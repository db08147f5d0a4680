"""The role that SageMaker works under: the one that was named, else the stack's."""

from scones.kit import Kit
from scones.workflow import require_output


def arn(kit: Kit) -> str:
    return kit.settings.role or require_output(kit, "SageMakerRoleArn")
