"""The `serve` command: the code and the model in `/opt/ml/model` on port 8080, until SIGTERM.

1. The code is in the archive's folder `code`, or is fetched from where SAGEMAKER_SUBMIT_DIRECTORY points.
2. Its requirements.txt is installed, once, before any worker starts.
3. The framework's library is imported, once for all workers.
4. gunicorn starts the workers; each imports the code and loads the model (`services.py`).
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from importlib import import_module

from frameworks.contract.failure import ClientError
from frameworks.contract.paths import ContainerPaths
from frameworks.serving.inference_code import InferenceCode
from frameworks.serving.lean_import import optional_libraries_hidden
from frameworks.serving.multi_model.front import serve_models
from frameworks.serving.server import Server
from frameworks.serving.services import load_service
from frameworks.serving.settings import ServingSettings

# Imported before the workers are forked, which then share the seconds and the memory that this takes. TensorFlow is not
# among them: it is not made for forks.
SHARED_LIBRARIES = {
    "scikit-learn": "sklearn",
    "xgboost": "xgboost",
    "pytorch": "torch",
    "huggingface": "transformers.pipelines",
}
ONE_THREAD = ("xgboost", "tensorflow")  # their images set one thread for each process: parallelism comes from workers


def main(framework: str) -> int:
    """Return 0 after SIGTERM, 1 if the code cannot be prepared; the reason goes to standard error."""
    try:
        settings = ServingSettings.from_environment(os.environ)
        if settings.multi_model:
            return serve_models(framework, settings)
        paths = ContainerPaths.from_environment()
        code = InferenceCode.prepare(framework, paths, settings)
    except ClientError as error:
        print(f"The model cannot be served: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    if framework in ONE_THREAD:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    is_built_in = framework == "xgboost" and code.program is None  # a user's program may need all that XGBoost can do
    with suppress(ImportError), optional_libraries_hidden() if is_built_in else nullcontext():
        import_module(SHARED_LIBRARIES.get(framework, "gunicorn"))  # a worker that needs it reports that it is missing
    sys.argv = [framework]  # gunicorn reads the command line otherwise
    Server(settings, lambda: load_service(framework, paths, settings, code)).run()
    return 0
