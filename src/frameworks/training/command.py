"""The command `train`: run the script, or the built-in algorithm, and report the end as AWS's toolkit does.

If the user's code or configuration is at fault, the exit code is 1; FailureReason has the exit code of the script.
"""

from __future__ import annotations

import os
import traceback

from frameworks.contract.failure import ClientError, write_failure, write_success
from frameworks.contract.log import toolkit_log
from frameworks.contract.paths import ContainerPaths
from frameworks.training.environment import TrainingEnvironment
from frameworks.training.intermediate_output import IntermediateOutput
from frameworks.training.script import train
from frameworks.training.toolkits import TOOLKITS

FAILED = 1


def main(framework: str) -> int:
    """Train, and return the exit code."""
    paths = ContainerPaths.from_environment()
    try:
        environment = TrainingEnvironment.read(paths, TOOLKITS[framework])
        toolkit_log().setLevel(environment.log_level)
        toolkit_log().info("Imported framework %s", environment.toolkit.framework_module.partition(":")[0])
        job = environment.surroundings.get("TRAINING_JOB_NAME", "")
        with IntermediateOutput(paths.intermediate_output, environment.s3_output, job):
            if framework == "xgboost" and environment.program is None:
                return _built_in_algorithm(environment)
            train(environment)
    except ClientError as error:
        return _report(paths, str(error), FAILED)
    except Exception as error:  # noqa: BLE001 - the edge of the process: everything else is the framework's error
        text = f"Framework Error: \n{traceback.format_exc()}\n{error}"
        return _report(paths, text, getattr(error, "errno", None) or FAILED)
    toolkit_log().info("Reporting training SUCCESS")
    write_success(paths)
    return 0


def _built_in_algorithm(environment: TrainingEnvironment) -> int:
    # imported late: no other framework has XGBoost
    from frameworks.xgboost_algorithm.training.command import main as train_built_in

    os.environ.update(environment.variables())
    return train_built_in()


def _report(paths: ContainerPaths, text: str, code: int) -> int:
    write_failure(paths, text)
    toolkit_log().error("Reporting training FAILURE")
    toolkit_log().error("%s", text)
    toolkit_log().error("Encountered exit_code %s", code)
    return code
