"""The environment variables of a function's process: Lambda's and the function's own, but not the server's."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from localstack_plugin.lambda_executor.interpreters import Interpreter
from localstack_plugin.lambda_executor.process.bootstrap import LAYERS
from localstack_plugin.lambda_executor.process.folders import Folders
from localstack_plugin.settings import LOCAL_CLOUD, Settings

HOME = "/home/sbx_user1051"
"""On AWS the user has this home, which does not exist and cannot be made: /tmp alone can be written to."""
FOR_THE_CONTAINER: Final = frozenset(
    {
        "LOCALSTACK_FUNCTION_ACCOUNT_ID",
        "LOCALSTACK_INIT_LOG_LEVEL",
        "LOCALSTACK_MAX_PAYLOAD_SIZE",
        "LOCALSTACK_POST_INVOKE_WAIT_MS",
        "LOCALSTACK_RUNTIME_ENDPOINT",
        "LOCALSTACK_RUNTIME_ID",
        "LOCALSTACK_USER",
    }
)
"""LocalStack's messages to the program that starts its containers, which keeps them from the function."""


def process_variables(
    lambda_variables: Mapping[str, Any],
    runtime: str,
    interpreter: Interpreter,
    seen: Folders,
    settings: Settings,
    has_own_tmp: bool,
) -> dict[str, str]:
    """Return the variables. `lambda_variables` comes from LocalStack: Lambda's, overridden by the function's own.

    `runtime` is the function's, such as `python3.9`; another Python may run it. `seen` are the folders as the function
    sees them. Without a /tmp of its own, the home and TMPDIR lead to one.
    """
    environment = {
        # Python's programs come first, as /var/lang/bin on AWS
        "PATH": f"{Path(interpreter.executable).parent}:/usr/local/bin:/usr/bin:/bin:{seen.layers}/bin",
        "LD_LIBRARY_PATH": f"{seen.task_root}:{seen.task_root}/lib:{seen.layers}/lib",
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONPATH": seen.runtime,
        "HOME": HOME if has_own_tmp else seen.tmp,
        **({} if has_own_tmp else {"TMPDIR": seen.tmp}),
        "AWS_EC2_METADATA_DISABLED": "true",
        # straight to SageMaker, past LocalStack's gateway, which would only forward
        "AWS_ENDPOINT_URL_SAGEMAKER": settings.sagemaker_endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.sagemaker_endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_METRICS": settings.sagemaker_endpoint_url,
    }
    environment |= {name: str(value) for name, value in lambda_variables.items() if name not in FOR_THE_CONTAINER}
    environment |= {
        "LAMBDA_TASK_ROOT": seen.task_root,
        "PWD": seen.task_root,
        "LAMBDA_RUNTIME_DIR": seen.runtime,
        LAYERS: os.pathsep.join(layer_paths(seen.layers, interpreter.runtime, runtime)),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{interpreter.runtime}",
    }
    if settings.local_cloud:
        environment[LOCAL_CLOUD] = settings.local_cloud
    return environment


def layer_paths(layers: str, *runtimes: str) -> list[str]:
    """Return the folders with the layers' modules, in Lambda's order.

    AWS looks in the folder of the function's runtime. If another Python runs the function, its own folder comes first,
    because compiled modules fit only that, but a layer that was made for the runtime may lack it.
    """
    versions = [f"{layers}/python/lib/{runtime}/site-packages" for runtime in dict.fromkeys(runtimes)]
    return [*versions, f"{layers}/python"]
