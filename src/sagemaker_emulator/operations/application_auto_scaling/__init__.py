"""The operations of Application Auto Scaling, for the service namespace `sagemaker`."""

from sagemaker_emulator.operations.application_auto_scaling import scalable_targets, scaling_policies, scheduled_actions

__all__ = ["scalable_targets", "scaling_policies", "scheduled_actions"]
