"""The environment variables of a function's process: Lambda's and the function's own, but not the server's."""

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localstack_plugin.settings import LOCAL_CLOUD, Settings


def process_variables(
    lambda_variables: Mapping[str, Any], runtime: str, task_root: Path, scratch: Path, settings: Settings
) -> dict[str, str]:
    """Return the variables. `lambda_variables` comes from LocalStack: Lambda's, overridden by the function's own."""
    site_packages = sysconfig.get_path("purelib")
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        # on AWS a function has no home and may write to /tmp only
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        # straight to SageMaker, past LocalStack's gateway, which would only forward
        "AWS_ENDPOINT_URL_SAGEMAKER": settings.sagemaker_endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.sagemaker_endpoint_url,
    }
    environment |= {name: str(value) for name, value in lambda_variables.items()}
    environment |= {
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": site_packages,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
    }
    if settings.local_cloud:
        environment[LOCAL_CLOUD] = settings.local_cloud
    return environment
