"""Members of a request that are neither in its headers nor in its query, in services that speak XML."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from localstack_plugin.replacing import wrap

SHAPES = 512
"""The number of shapes whose members are remembered."""

Parse = Callable[..., Any]


def in_one_pass(parse: Parse) -> Parse:
    """Parse the members of a request without a body: one that is absent is None, without a search for each."""

    def parse_structure(parser: Any, request: Any, shape: Any, node: Any, uri_params: Any = None) -> dict[str, Any]:
        places = places_of(shape) if node.__class__ is Element and not len(node) and not node.attrib else None
        if places is None:
            parsed: dict[str, Any] = parse(parser, request, shape, node, uri_params)
            return parsed
        names = {"header": {name.lower() for name, _ in request.headers}, "querystring": request.args}
        return {
            member: None
            if place in names and name not in names[place]
            else parser._parse_shape(request, member_shape, None, uri_params)
            for member, member_shape, place, name in places
        }

    return parse_structure


@lru_cache(SHAPES)
def places_of(shape: Any) -> list[tuple[str, Any, str, str]] | None:
    """Return member, shape, location and name of each member outside the body, or None if other members matter.

    The names of headers are in lower case. A list in the query has no location: it is empty if it is absent.
    """
    places = []
    for member, member_shape in shape.members.items():
        serialization = member_shape.serialization
        if "location" in serialization:
            place, name = serialization["location"], serialization.get("name", "")
            if place == "querystring" and member_shape.type_name == "list":
                place = ""
            places.append((member, member_shape, place, name.lower() if place == "header" else name))
        elif member in shape.required_members or "eventheader" in serialization:
            return None
    return places


def install() -> None:
    wrap(
        "localstack.aws.protocol.parser:RestXMLRequestParser._parse_structure",
        wrapper=in_one_pass,
        why="LocalStack searches all headers of a GetObject for each of the 19 parameters that it may have, of which "
        "most are absent. Their names are compared at once.",
    )
