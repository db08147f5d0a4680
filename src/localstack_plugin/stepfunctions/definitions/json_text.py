"""A definition as JSON: escapes stand for what they say, and numbers keep their kind."""

import json
from collections.abc import Callable
from typing import Any

from antlr4 import ParserRuleContext  # type: ignore[import-untyped]
from localstack.services.stepfunctions.asl.antlr.runtime.ASLLexer import ASLLexer
from localstack.services.stepfunctions.asl.antlt4utils.antlr4utils import is_terminal

from localstack_plugin.replacing import replace, wrap

QUOTE, PERCENTAGE = '"', "ToleratedFailurePercentage"


def plain(value: Any) -> str:
    r"""Return JSON in which `\u00e9` and `\/` are written as what they stand for."""
    return json.dumps(value, ensure_ascii=False)


def reading_plain_text(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(definition: str) -> Any:
        try:
            value = json.loads(definition, object_hook=as_the_grammar_takes_it)
        except ValueError:
            return original(definition)  # the parser says what is wrong with it
        return original(plain(value))

    return read


def as_the_grammar_takes_it(field_values: dict[str, Any]) -> dict[str, Any]:
    """Write what the grammar does not take in the way that it takes: a percentage with a fraction, and
    STANDARD for EXPRESS, since child workflows of both types run in the same way.
    """
    percentage = field_values.get(PERCENTAGE)
    if isinstance(percentage, int):
        return {**field_values, PERCENTAGE: float(percentage)}
    if field_values.get("Mode") == "DISTRIBUTED" and field_values.get("ExecutionType") == "EXPRESS":
        return {**field_values, "ExecutionType": "STANDARD"}
    return field_values


def decoded(text: str) -> str:
    """Return what a JSON string stands for; without quotes, the text itself."""
    if len(text) < 2 or not (text.startswith(QUOTE) and text.endswith(QUOTE)):
        return text
    value: str = json.loads(text, strict=False) if "\\" in text else text[1:-1]
    return value


def text_of(parser_rule_context: ParserRuleContext) -> str | None:
    return None if is_terminal(parser_rule_context, ASLLexer.NULL) else decoded(parser_rule_context.getText())


def literal_of(parser_rule_context: ParserRuleContext) -> str:
    return decoded(parser_rule_context.getText())


def keeping_kind(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def visit(self: Any, ctx: Any) -> Any:
        component = original(self, ctx)
        setattr(component, "val" if hasattr(component, "val") else "value", json.loads(ctx.NUMBER().getText()))
        return component

    return visit


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.parse.asl_parser:AmazonStateLanguageParser.parse",
        "localstack.services.stepfunctions.asl.parse.test_state.asl_parser:TestStateAmazonStateLanguageParser.parse",
        wrapper=reading_plain_text,
        why="LocalStack's grammar works on the text of a definition, in which JSON may write `é` as `\\u00e9` and `/` "
        "as `\\/`. The escapes are written out before.",
    )
    replace(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor._inner_string_of",
        by=staticmethod(text_of),
        why="LocalStack takes paths, names and resources as they are written in the JSON. The escapes are decoded.",
    )
    replace(
        "localstack.services.stepfunctions.asl.parse.preprocessor:from_string_literal",
        by=literal_of,
        why="LocalStack decodes other strings as Python's. They are decoded as JSON's.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor.visitPayload_value_float",
        "localstack.services.stepfunctions.asl.parse.preprocessor"
        ":Preprocessor.visitAssign_template_value_terminal_float",
        "localstack.services.stepfunctions.asl.parse.preprocessor"
        ":Preprocessor.visitJsonata_template_value_terminal_float",
        wrapper=keeping_kind,
        why="LocalStack reads -5 in a payload template as -5.0. It stays an integer.",
    )
