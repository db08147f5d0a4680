"""The query language that is in force while a definition is parsed."""

import threading
from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.query_language import QueryLanguage

from localstack_plugin.replacing import replace, wrap

PARSING = threading.RLock()
SCOPES = "_query_language_scopes"


class OwnScopes:
    """An attribute that is a list of its own for every parser."""

    def __get__(self, parser: Any, owner: type) -> list[QueryLanguage]:
        scopes: list[QueryLanguage] = [] if parser is None else parser.__dict__.setdefault(SCOPES, [])
        return scopes


def one_at_a_time(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(definition: str) -> Any:
        # ANTLR's parsers share tables of what they have predicted; parsing is all Python, so waiting costs nothing
        with PARSING:
            return original(definition)

    return parse


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.parse.preprocessor:Preprocessor._query_language_per_scope",
        by=OwnScopes(),
        why="LocalStack's parsers share the list of query languages, across threads and after an error: after one "
        "refused definition valid ones are refused, and executions hang. Each parser has a list of its own.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.parse.asl_parser:AmazonStateLanguageParser.parse",
        wrapper=one_at_a_time,
        why="ANTLR's parsers share tables that threads may not write at once. One definition is parsed at a time.",
    )
