"""The place of an expression in its state, as AWS names it: `Arguments/FunctionName`, `Choices[0]/Condition`."""

from typing import Any

from localstack.services.stepfunctions.asl.antlr.runtime.ASLParser import ASLParser

from localstack_plugin.stepfunctions.definitions.json_text import decoded

BINDINGS = (
    ASLParser.Jsonata_template_bindingContext,
    ASLParser.Assign_template_binding_valueContext,
)
ARRAYS = (ASLParser.Jsonata_template_value_arrayContext, ASLParser.Assign_template_value_arrayContext)
STATE = (ASLParser.State_declContext, ASLParser.Program_declContext)


def location_of(ctx: Any) -> str:
    """Return the names from the state's field down to the expression."""
    parts: list[str] = []
    child = ctx
    while (child_of := child.parentCtx) is not None and not isinstance(child_of, STATE):
        if isinstance(child_of, BINDINGS):
            parts.insert(0, decoded(child_of.string_literal().getText()))
        elif isinstance(child_of, ARRAYS):
            parts.insert(0, f"[{(child_of.children.index(child) - 1) // 2}]")
        elif isinstance(child_of, ASLParser.Choices_declContext):
            parts.insert(0, f"Choices[{(child_of.children.index(child) - 3) // 2}]")
        elif is_field(child_of):
            parts.insert(0, decoded(child_of.children[0].getText()))
        child = child_of
    return "/".join(parts).replace("/[", "[")


def is_field(ctx: Any) -> bool:
    """Whether the node is one field with its value: a name, a colon, a value."""
    children = ctx.children or []
    return len(children) == 3 and children[1].getText() == ":" and not isinstance(ctx, BINDINGS)
