"""Step Functions parses the definition for every execution, every path for every value, and the names of all operations
of a service for every task; here each is parsed once.

What parsing gives is not written to afterwards: a state's counters are in the execution's environment, under the key of
the component that counts.
"""

from functools import lru_cache

from localstack.services.stepfunctions.asl.component.common.path import result_path
from localstack.services.stepfunctions.asl.component.eval_component import EvalComponent
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import state_task_service
from localstack.services.stepfunctions.asl.parse.asl_parser import AmazonStateLanguageParser
from localstack.services.stepfunctions.asl.utils import json_path
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker
from localstack.utils.strings import long_uid

from localstack_plugin.replacing import replace

DEFINITIONS, PATHS, NAMES = 64, 4096, 16_384
KEY = "_key_in_the_heap"


@lru_cache(DEFINITIONS)
def program(definition: str) -> EvalComponent:
    return AmazonStateLanguageParser.parse(definition)[0]


def entry_point(worker: ExecutionWorker) -> EvalComponent:
    return program(worker._evaluation_details.state_machine_details.definition)


def heap_key(component: EvalComponent) -> str:
    """The same for every execution that asks first: `setdefault` is one step, unlike the original's."""
    return str(component.__dict__.setdefault(KEY, long_uid()))


def install() -> None:
    replace(ExecutionWorker, "_get_evaluation_entrypoint", entry_point)
    replace(EvalComponent, "heap_key", property(heap_key))
    replace(json_path, "parse", lru_cache(PATHS)(json_path.parse))
    replace(state_task_service, "camel_to_snake_case", lru_cache(NAMES)(state_task_service.camel_to_snake_case))
    replace(result_path, "parse", lru_cache(PATHS)(result_path.parse))
