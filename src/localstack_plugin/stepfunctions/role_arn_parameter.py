"""`"RoleArn.$"` in Parameters: LocalStack takes it for the field of Credentials, and passes it on unevaluated."""

from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
from localstack.services.stepfunctions.asl.antlr.runtime.ASLLexer import ASLLexer
from localstack.services.stepfunctions.asl.antlr.runtime.ASLParser import ASLParser
from localstack.services.stepfunctions.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding import (
    PayloadBinding,
    PayloadBindingStringExpressionSimple,
)
from localstack.services.stepfunctions.asl.parse.preprocessor import Preprocessor

from localstack_plugin.replacing import replace

PATH = ".$"


def install() -> None:
    original = Preprocessor.visitPayload_binding_value

    def visit(self: Preprocessor, ctx: ASLParser.Payload_binding_valueContext) -> PayloadBinding:
        binding = original(self, ctx)
        if not binding.field.endswith(PATH):
            return binding
        tokens = CommonTokenStream(ASLLexer(InputStream(ctx.payload_value_decl().getText())))
        expression = self.visitString_expression_simple(ASLParser(tokens).string_expression_simple())
        return PayloadBindingStringExpressionSimple(
            field=binding.field.removesuffix(PATH), string_expression_simple=expression
        )

    replace(Preprocessor, "visitPayload_binding_value", visit)
