"""How the SageMaker Python SDK is imported and configured: without output, and without telemetry.

Importing the SDK takes seconds. This module does not import it.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Set before the SDK is imported, because it prints a warning on import.
os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
# The SDK logs each error that it also raises.
logging.getLogger("sagemaker").setLevel(logging.CRITICAL)
logging.getLogger("sagemaker.config").setLevel(logging.ERROR)

# Without this, every call of the SDK sends a report over the network and waits for the answer.
CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings, and restore the root logger: parts of the SDK, some imported late, reconfigure it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    root.setLevel(level)
    root.handlers[:] = handlers
