"""`"RoleArn.$"` as a parameter of a task."""

from collections.abc import Callable

from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
from localstack.services.stepfunctions.asl.antlr.runtime.ASLLexer import ASLLexer
from localstack.services.stepfunctions.asl.antlr.runtime.ASLParser import ASLParser
from localstack.services.stepfunctions.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding import (
    PayloadBinding,
    PayloadBindingStringExpressionSimple,
)
from localstack.services.stepfunctions.asl.parse.preprocessor import Preprocessor

from localstack_plugin.replacing import wrap

PATH_SUFFIX = ".$"


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor.visitPayload_binding_value",
        wrapper=evaluating,
        why='LocalStack mistakes `"RoleArn.$"` in Parameters for the field of Credentials and does not evaluate it. '
        "It is evaluated like any other path.",
    )


def evaluating(
    original: Callable[[Preprocessor, ASLParser.Payload_binding_valueContext], PayloadBinding],
) -> Callable[[Preprocessor, ASLParser.Payload_binding_valueContext], PayloadBinding]:
    def visit(self: Preprocessor, ctx: ASLParser.Payload_binding_valueContext) -> PayloadBinding:
        binding = original(self, ctx)
        if not binding.field.endswith(PATH_SUFFIX):
            return binding
        # the grammar has read the value as a plain string: parse its text again, as an expression
        tokens = CommonTokenStream(ASLLexer(InputStream(ctx.payload_value_decl().getText())))
        expression = self.visitString_expression_simple(ASLParser(tokens).string_expression_simple())
        return PayloadBindingStringExpressionSimple(
            field=binding.field.removesuffix(PATH_SUFFIX), string_expression_simple=expression
        )

    return visit
