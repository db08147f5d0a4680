"""Differences between the toolkits of AWS's images that a user's script can see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Toolkit:
    """`framework_module` is the value of SM_FRAMEWORK_MODULE.

    `through_shell`: the toolkit gives the command to a shell (it calls `entry_point.run` with capture_error).
    `as_module`: it runs `python -m <module>` for every entry point.
    `meets`: it tells the hosts where to meet, in MASTER_ADDR and MASTER_PORT.
    `separates_model_dirs`: jobs of one tuning job get folders of their own in the hyperparameter model_dir.
    """

    framework_module: str
    through_shell: bool = True
    as_module: bool = False
    meets: bool = False
    separates_model_dirs: bool = False


PYTORCH = Toolkit("sagemaker_pytorch_container.training:main", meets=True)
TOOLKITS = {
    "scikit-learn": Toolkit("sagemaker_sklearn_container.training:main", through_shell=False),
    "pytorch": PYTORCH,
    "huggingface": PYTORCH,  # its images extend PyTorch's
    "tensorflow": Toolkit("sagemaker_tensorflow_container.training:main", separates_model_dirs=True),
    "xgboost": Toolkit("sagemaker_xgboost_container.training:main", through_shell=False, as_module=True),
}
