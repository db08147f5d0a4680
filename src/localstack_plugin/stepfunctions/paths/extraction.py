"""Paths in definitions: each is read as Jayway's JsonPath reads it, and a missing part is named as AWS names it."""

from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEventException
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.common.path.result_path import ResultPath
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.utils.json_path import NoSuchJsonPathError

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.copied_values import json_copy
from localstack_plugin.stepfunctions.executions.compact_json import compact
from localstack_plugin.stepfunctions.failures import failure
from localstack_plugin.stepfunctions.paths.reference_paths import ReferencePathError, is_reference, written
from localstack_plugin.stepfunctions.paths.selection import PathNotFoundError, select
from localstack_plugin.stepfunctions.paths.syntax import parsed


class MissingPathError(NoSuchJsonPathError):
    """A definite path that selects nothing, with the reason."""

    def __init__(self, json_path: str, data: Any, reason: str) -> None:
        super().__init__(json_path, data)
        self.reason = reason
        self.field: str | None = None


def extract(path: str, data: Any) -> Any:
    try:
        return select(parsed(path), data)
    except PathNotFoundError as error:
        raise MissingPathError(path, data, str(error)) from error


def naming_the_missing_part(original: Callable[[Any, Environment], Any]) -> Callable[[Any, Environment], Any]:
    """Put the reason why a path selects nothing into the cause that the original gives for it."""

    def evaluated(self: Any, env: Environment) -> Any:
        try:
            return original(self, env)
        except FailureEventException as error:
            missing = error.__context__
            if isinstance(missing, MissingPathError):
                details = next(iter(error.failure_event.event_details.values()))
                details["cause"] = f"Invalid path '{missing.json_path}' : {missing.reason}"
            raise

    return evaluated


def naming_the_field(original: Callable[[Any, Environment], Any]) -> Callable[[Any, Environment], Any]:
    """Note the field of a payload template whose path selects nothing."""

    def evaluated(self: Any, env: Environment) -> Any:
        try:
            return original(self, env)
        except MissingPathError as error:
            error.field = error.field or f"{getattr(self, 'field', None) or self.identifier}.$"
            raise

    return evaluated


def put_result(self: ResultPath, env: Environment) -> None:
    """Write the result on top of the stack into the state's input."""
    if self.result_path_src == ResultPath.DEFAULT_PATH:  # the result alone, which is on the stack already
        return
    state_input = env.states.get_input()
    if self.result_path_src is None:
        env.stack.clear()
        env.stack.append(state_input)
        return
    result = env.stack.pop()
    try:
        env.stack.append(written(parsed(self.result_path_src), state_input, json_copy(result)))
    except ReferencePathError as error:
        cause = f"Unable to apply ReferencePath {self.result_path_src} to input {compact(state_input)}"
        raise failure(env, StatesErrorNameType.StatesResultPathMatchFailure, cause) from error


def checking_reference(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(self: ResultPath, result_path_src: str | None) -> None:
        if result_path_src is not None and not is_reference(parsed(result_path_src)):
            raise ValueError(f"The value for the field 'ResultPath' must be a valid Reference Path: {result_path_src}")
        original(self, result_path_src)

    return initialize


def pointing_to_array(original: Callable[[Any, Environment], None]) -> Callable[[Any, Environment], None]:
    def evaluate(self: Any, env: Environment) -> None:
        original(self, env)
        if not isinstance(env.stack[-1], list):
            cause = f'Reference path "{self.string_sampler.literal_value}" must point to array.'
            raise failure(env, StatesErrorNameType.StatesRuntime, cause)

    return evaluate


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.common.path.items_path:ItemsPath._eval_body",
        wrapper=pointing_to_array,
        why="In LocalStack a Map over a value that is no array fails with States.QueryEvaluationError in JSONPath, "
        "too. Here it fails with States.Runtime.",
    )
    replace(
        "localstack.services.stepfunctions.asl.utils.json_path:extract_json",
        "localstack.services.stepfunctions.asl.component.common.string.string_expression:extract_json",
        "localstack.services.stepfunctions.asl.component.intrinsic.argument.argument:extract_json",
        "localstack.services.stepfunctions.asl.eval.states:extract_json",
        by=extract,
        why="LocalStack decides by the number of matches whether a path gives a list, and its library refuses names "
        "such as `$.é` and filters with an or. Paths are read as AWS does, with the rules of Jayway's JsonPath.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.common.path.result_path:ResultPath._eval_body",
        by=put_result,
        why="LocalStack overwrites a value that is in the way of a ResultPath. Here the state fails with "
        "States.ResultPathMatchFailure.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.common.path.result_path:ResultPath.__init__",
        wrapper=checking_reference,
        why="LocalStack accepts any path as a ResultPath. Here a definition is refused if its ResultPath is not a "
        "reference path.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding"
        ":PayloadBindingStringExpressionSimple._eval_val",
        "localstack.services.stepfunctions.asl.component.common.assign.assign_template_binding"
        ":AssignTemplateBindingStringExpressionSimple._eval_value",
        wrapper=naming_the_field,
        why="LocalStack does not record which field of a Task has a path that selects nothing. Here the error of the "
        "path names the field.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.common.path.input_path:InputPath._eval_body",
        "localstack.services.stepfunctions.asl.component.common.path.output_path:OutputPath._eval_body",
        "localstack.services.stepfunctions.asl.component.common.timeouts.timeout:TimeoutSecondsPath._eval_seconds",
        "localstack.services.stepfunctions.asl.component.common.timeouts.heartbeat:HeartbeatSecondsPath._eval_seconds",
        wrapper=naming_the_missing_part,
        why="LocalStack's errors name the whole path as missing. Here they name the first part that is missing.",
    )
