"""Intrinsic functions in definitions."""

from typing import Any

from localstack.services.stepfunctions.asl.antlr.runtime.ASLParser import ASLParser
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.common.string.string_expression import StringIntrinsicFunction
from localstack.services.stepfunctions.asl.component.eval_component import EvalComponent
from localstack.services.stepfunctions.asl.component.intrinsic.functionname.state_function_name_types import (
    StatesFunctionNameType,
)
from localstack.services.stepfunctions.asl.component.intrinsic.functionname.states_function_name import (
    StatesFunctionName,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.parse.preprocessor import Preprocessor

from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.definitions.json_text import decoded
from localstack_plugin.stepfunctions.failures import failure
from localstack_plugin.stepfunctions.intrinsics.functions import FUNCTIONS, IntrinsicError, unescaped
from localstack_plugin.stepfunctions.intrinsics.syntax import Argument, Call, Literal, parse, variables
from localstack_plugin.stepfunctions.paths.extraction import extract
from localstack_plugin.stepfunctions.variables import variable_at


class Intrinsic(EvalComponent):
    """A call that puts its result on the stack."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.name = StatesFunctionName(StatesFunctionNameType.__members__[call.name])

    def _field_name(self) -> None:
        return None  # errors name the field that has the function

    def _eval_body(self, env: Environment) -> None:
        try:
            env.stack.append(value_of(self.call, env))
        except IntrinsicError as error:
            cause = f"The function 'States.{self.call.name}' had the following error: {error}"
            raise failure(env, StatesErrorNameType.StatesIntrinsicFailure, cause) from error


def value_of(argument: Argument, env: Environment) -> Any:
    if isinstance(argument, Literal):
        return unescaped(argument.value) if isinstance(argument.value, str) else argument.value
    if isinstance(argument, Call):
        return applied(argument, env)
    if argument.path.startswith("$$"):
        return extract(argument.path[1:], env.states.context_object.context_object_data)
    if argument.path[1:2] in ("", ".", "["):
        return extract(argument.path, env.stack[-1])
    return variable_at(argument.path, env)


def applied(call: Call, env: Environment) -> Any:
    function, _ = FUNCTIONS[call.name]
    values = [value_of(argument, env) for argument in call.arguments]
    if call.name == "Format" and isinstance(values[0], str):
        template = call.arguments[0]  # its escapes tell a brace from a place; data has none
        values[0] = template.value if isinstance(template, Literal) else values[0].replace("\\", "\\\\")
    return function(*values)


def checked(call: Call) -> Call:
    """Return the call if the functions exist and have as many arguments as they take."""
    if call.name not in FUNCTIONS:
        raise ValueError(f"The intrinsic function States.{call.name} does not exist")
    if len(call.arguments) not in FUNCTIONS[call.name][1]:
        raise ValueError(f"Invalid number of arguments for States.{call.name}: {len(call.arguments)}")
    for argument in call.arguments:
        if isinstance(argument, Call):
            checked(argument)
    return call


def visit(self: Preprocessor, ctx: ASLParser.String_intrinsic_functionContext) -> StringIntrinsicFunction:
    text = decoded(ctx.STRINGINTRINSICFUNC().getText())
    return StringIntrinsicFunction(intrinsic_function_derivation=text, function=Intrinsic(checked(parse(text))))


def variable_names(definition: str) -> list[str]:
    return variables(parse(decoded(f'"{definition}"')))


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor.visitString_intrinsic_function",
        by=visit,
        why=r"In LocalStack's intrinsic functions `\{`, `\'` and `\\` are not escapes, paths have no filters, text "
        "that is not ASCII cannot be encoded, and a failure is States.Runtime. They are parsed and applied as on AWS, "
        "and a failure is States.IntrinsicFailure.",
    )
    replace(
        "localstack.services.stepfunctions.asl.static_analyser.intrinsic.variable_names_intrinsic_static_analyser"
        ":VariableNamesIntrinsicStaticAnalyser.process_and_get",
        by=staticmethod(variable_names),
        why="LocalStack parses intrinsic functions a second time, with the same limitations, to find the variables "
        "that they refer to.",
    )
