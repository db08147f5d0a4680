"""Modules of AWS's toolkits that inference code imports: readers, writers and errors, where the packages are missing.

`sagemaker_inference` and `sagemaker_containers` are part of AWS's images. Only what scripts call is here.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec

NAMES = ("sagemaker_inference", "sagemaker_containers")


def provide_toolkit_modules() -> None:
    """Let `import sagemaker_inference` find the stand-in, unless the environment has the package."""
    for name in NAMES:
        if name not in sys.modules and find_spec(name) is None:
            sys.modules[name] = importlib.import_module(f"{__name__}.{name}")
