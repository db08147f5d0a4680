"""Definitions, paths and names that Step Functions parses, kept in parsed form.

Sharing is safe because nothing is written to a parsed component: a state's counters are in the execution's environment,
under the heap key of the component that counts.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from localstack.services.stepfunctions.asl.parse.asl_parser import AmazonStateLanguageParser
from localstack.utils.strings import long_uid

from localstack_plugin.replacing import replace, wrap

DEFINITIONS, PATHS, NAMES = 64, 4096, 16_384
"""How many of each are kept; the least recently used is dropped."""
SYNTAX_TREES = 4
"""Definitions that are just being created. Their trees are large, and executions do not need them."""
HEAP_KEY = "_key_in_the_heap"


@lru_cache(DEFINITIONS)
def program(definition: str) -> Any:
    return AmazonStateLanguageParser.parse(definition)[0]


def entry_point(worker: Any) -> Any:
    return program(worker._evaluation_details.state_machine_details.definition)


def heap_key(component: Any) -> str:
    """Return one key per component. `setdefault` is atomic, so executions that ask at once get the same key."""
    return str(component.__dict__.setdefault(HEAP_KEY, long_uid()))


def found_once(find: Callable[[str, str], Any]) -> object:
    return staticmethod(lru_cache(NAMES)(find))


def parsed_once(parse: Callable[[str], Any]) -> object:
    return staticmethod(lru_cache(SYNTAX_TREES)(parse))


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.parse.asl_parser:AmazonStateLanguageParser.parse",
        wrapper=parsed_once,
        why="LocalStack parses a definition twice when it is created. Each definition is parsed once.",
    )
    replace(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._get_evaluation_entrypoint",
        by=entry_point,
        why="LocalStack parses the definition for every execution. Each definition is parsed once.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.eval_component:EvalComponent.heap_key",
        by=property(heap_key),
        why="Two executions of one parsed definition could give a component two keys. Setting the key is atomic.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.utils.json_path:parse",
        "localstack.services.stepfunctions.asl.component.common.path.result_path:parse",
        wrapper=lru_cache(PATHS),
        why="LocalStack parses a path for every value it is applied to. Each path is parsed once.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service"
        ".state_task_service:camel_to_snake_case",
        wrapper=lru_cache(NAMES),
        why="LocalStack converts the names of all operations of a service for every task. Each name is converted once.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service"
        ":StateTaskService._get_boto_operation_model",
        wrapper=found_once,
        why="LocalStack compares the names of all operations of a service twice for every task. Each operation is "
        "looked up once.",
    )
