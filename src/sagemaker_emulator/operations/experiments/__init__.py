"""Operations of SageMaker Experiments."""

from sagemaker_emulator.operations.experiments import experiments, trial_components, trials

__all__ = ["experiments", "trial_components", "trials"]
