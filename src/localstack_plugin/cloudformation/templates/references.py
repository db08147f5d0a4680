"""The references of a template, and those whose target does not exist. Nothing here calls AWS.

The messages are CloudFormation's. A template with macros is not checked, because they may add what it refers to.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

PSEUDO_PARAMETER: Final = "AWS::"
IN_SUB: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")
MACROS: Final = ("Fn::Transform", "Fn::ForEach")
Template = Mapping[str, Any]
Attributes = Callable[[str], set[str] | None]
"""The names of a resource type's attributes, or None if they are not known."""


class TemplateError(ValueError):
    """The template is refused; the message is CloudFormation's."""


@dataclass(frozen=True)
class Reference:
    name: str
    attribute: str | None = None
    is_condition: bool = False


def check(template: Any, attributes_of: Attributes) -> None:
    """Raise TemplateError unless all that the template refers to exists, and its resources can be ordered."""
    if not isinstance(template, dict):
        raise TemplateError("Template format error: unsupported structure.")
    resources = template.get("Resources")
    if has_macros(template):
        return
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    for block in ("Resources", "Outputs"):
        check_block(template, block)
    check_attributes(template, attributes_of)
    check_order(resources)


def has_macros(value: Any) -> bool:
    if isinstance(value, dict):
        return any(str(key).startswith(MACROS) or key == "Transform" for key in value) or any(
            map(has_macros, value.values())
        )
    return isinstance(value, list) and any(map(has_macros, value))


def check_block(template: Template, block: str) -> None:
    resources, parameters = template["Resources"], template.get("Parameters") or {}
    conditions = template.get("Conditions") or {}
    found = list(references(template.get(block) or {}))
    if block == "Resources":
        found += [Reference(name) for resource in resources.values() for name in depends_on(resource)]
    unresolved = sorted(
        {
            reference.name
            for reference in found
            if not reference.is_condition
            and reference.name not in resources
            and (reference.attribute is not None or reference.name not in parameters)
            and not reference.name.startswith(PSEUDO_PARAMETER)
        }
    )
    if unresolved:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{', '.join(unresolved)}] in the {block} block "
            "of the template"
        )
    for reference in found:
        if reference.is_condition and reference.name not in conditions:
            raise TemplateError(
                f"Template format error: Unresolved condition dependency {reference.name} in the {block} block of the "
                "template"
            )


def check_attributes(template: Template, attributes_of: Attributes) -> None:
    for reference in references({name: template.get(name) or {} for name in ("Resources", "Outputs")}):
        if reference.attribute is None or reference.name not in template["Resources"]:
            continue
        attributes = attributes_of(str(template["Resources"][reference.name].get("Type")))
        if attributes is not None and reference.attribute.partition(".")[0] not in attributes:
            raise TemplateError(
                f"Template error: resource {reference.name} does not support attribute type {reference.attribute} in "
                "Fn::GetAtt"
            )


def check_order(resources: Template) -> None:
    """Raise TemplateError if resources depend on each other in a circle, which is named."""
    waiting = {
        name: {one.name for one in references(resource) if one.name in resources} | set(depends_on(resource))
        for name, resource in resources.items()
    }
    while ready := [name for name, needed in waiting.items() if not needed & waiting.keys()]:
        for name in ready:
            del waiting[name]
    if waiting:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(waiting)}]")


def depends_on(resource: Any) -> list[str]:
    names = resource.get("DependsOn") or [] if isinstance(resource, dict) else []
    return [names] if isinstance(names, str) else [name for name in names if isinstance(name, str)]


def references(value: Any) -> Iterator[Reference]:
    """Yield what a part of a template refers to."""
    if isinstance(value, list):
        for element in value:
            yield from references(element)
    elif isinstance(value, dict):
        for key, argument in value.items():
            yield from READERS.get(key, references)(argument)


def of_ref(argument: Any) -> Iterator[Reference]:
    return named_by(argument, Reference)


def of_condition(argument: Any) -> Iterator[Reference]:
    """Read a name. A property that happens to be called Condition, as in an IAM policy, is an object."""
    return named_by(argument, lambda name: Reference(name, is_condition=True))


def named_by(argument: Any, reference: Callable[[str], Reference]) -> Iterator[Reference]:
    if isinstance(argument, str):
        yield reference(argument)
    else:
        yield from references(argument)


def of_if(argument: Any) -> Iterator[Reference]:
    if isinstance(argument, list) and argument:
        yield from of_condition(argument[0])
        yield from references(argument[1:])


def of_get_att(argument: Any) -> Iterator[Reference]:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if isinstance(parts, list) and len(parts) > 1 and isinstance(parts[0], str):
        if all(isinstance(part, str) for part in parts):
            yield Reference(parts[0], ".".join(parts[1:]))
        else:
            yield from references(parts[1:])


def of_sub(argument: Any) -> Iterator[Reference]:
    text, *more = argument if isinstance(argument, list) and argument else [argument]
    local = more[0] if more and isinstance(more[0], dict) else {}
    yield from references(list(local.values()))
    for name in IN_SUB.findall(text) if isinstance(text, str) else ():
        if name.strip() not in local:
            resource, dot, attribute = name.strip().partition(".")
            yield Reference(resource, attribute if dot else None)


READERS: Final[dict[str, Callable[[Any], Iterator[Reference]]]] = {
    "Ref": of_ref,
    "Fn::GetAtt": of_get_att,
    "Fn::Sub": of_sub,
    "Fn::If": of_if,
    "Condition": of_condition,
}
