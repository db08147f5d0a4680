"""Choose and load the service of a framework's container, in each worker process, after the fork.

Each framework's service imports libraries that the environments of the others lack, so the imports are in functions.
"""

from __future__ import annotations

import os

from frameworks.contract.paths import ContainerPaths
from frameworks.inference.messages import Service
from frameworks.serving.inference_code import InferenceCode
from frameworks.serving.settings import ServingSettings
from frameworks.serving.toolkits.flask_toolkit import FlaskService
from frameworks.serving.user_functions import UserFunctions


def load_service(framework: str, paths: ContainerPaths, settings: ServingSettings, code: InferenceCode) -> Service:
    """Import the user's code and load the model. Raises whatever they raise."""
    if framework == "xgboost" and code.program is None:
        return _xgboost_algorithm(paths)
    if framework == "tensorflow":
        return _tensorflow(paths, code)
    functions, model_dir = UserFunctions.of(code.module()), str(paths.model)
    if framework == "scikit-learn":
        from frameworks.serving.toolkits.scikit_learn import ScikitLearnDefaults

        return FlaskService.load(functions, model_dir, ScikitLearnDefaults(), settings.default_accept)
    if framework == "xgboost":
        from frameworks.serving.toolkits.xgboost import XGBoostDefaults

        return FlaskService.load(functions, model_dir, XGBoostDefaults(), settings.default_accept)
    if framework == "huggingface":
        return _huggingface(functions, model_dir)
    return _pytorch(functions, model_dir, settings)


def _pytorch(functions: UserFunctions, model_dir: str, settings: ServingSettings) -> Service:
    from frameworks.serving.toolkits.inference_toolkit import InferenceService
    from frameworks.serving.toolkits.pytorch import PyTorchDefaults

    return InferenceService.load(functions, model_dir, PyTorchDefaults(), settings.default_accept)


def _huggingface(functions: UserFunctions, model_dir: str) -> Service:
    from frameworks.serving.toolkits.huggingface import HuggingFaceService, first_device

    return HuggingFaceService.load(functions, model_dir, os.environ, first_device())


def _tensorflow(paths: ContainerPaths, code: InferenceCode) -> Service:
    from frameworks.serving.tensorflow_serving.models import Models
    from frameworks.serving.tensorflow_serving.service import HandlerService, PlainService

    models = Models.load(paths.model, os.environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME"))
    module = code.module()
    return HandlerService.load(models, module) if module else PlainService(models)


def _xgboost_algorithm(paths: ContainerPaths) -> Service:
    from frameworks.xgboost_algorithm.serving.service import XGBoostService

    return XGBoostService.load(paths.model, os.environ)
