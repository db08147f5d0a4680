"""Operations of SageMaker Experiments, and Search, by which the SDK compares trial components."""

from sagemaker_emulator.operations.experiments import experiments, metrics, search, trial_components, trials

__all__ = ["experiments", "metrics", "search", "trial_components", "trials"]
