"""The role that SageMaker works under: the one that was named, else the stack's."""

from scones.context import Context
from scones.stack.outputs import require_output


def arn(context: Context) -> str:
    return context.settings.role or require_output(context, "SageMakerRoleArn")
