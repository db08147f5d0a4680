"""States whose InputPath or OutputPath is `$`, as it is where a definition has none: there is nothing to select."""

from collections.abc import Callable

from localstack.services.stepfunctions.asl.component.common.path.input_path import InputPath
from localstack.services.stepfunctions.asl.component.common.path.output_path import OutputPath
from localstack.services.stepfunctions.asl.component.common.string.string_expression import (
    JSONPATH_ROOT_PATH,
    StringJsonPath,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment

from localstack_plugin.replacing import wrap

Evaluation = Callable[[InputPath | OutputPath, Environment], None]


def selects_all(path: InputPath | OutputPath) -> bool:
    sampler = path.string_sampler
    return type(sampler) is StringJsonPath and sampler.json_path == JSONPATH_ROOT_PATH


def putting_the_input(original: Evaluation) -> Evaluation:
    def evaluate(self: InputPath, env: Environment) -> None:
        if selects_all(self):
            env.stack.append(env.states.get_input())  # a copy
        else:
            original(self, env)

    return evaluate


def passing_the_output_on(original: Evaluation) -> Evaluation:
    def evaluate(self: OutputPath, env: Environment) -> None:
        if selects_all(self):
            env.states.reset(input_value=env.stack[-1])  # which copies it
        else:
            original(self, env)

    return evaluate


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.component.common.path.input_path:InputPath._eval_body",
        wrapper=putting_the_input,
        why="LocalStack copies a state's input three times where InputPath is `$`. It is copied once.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.common.path.output_path:OutputPath._eval_body",
        wrapper=passing_the_output_on,
        why="LocalStack copies a state's output twice where OutputPath is `$`. It is copied once.",
    )
