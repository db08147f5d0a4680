"""The rules of LocalStack's edge router, by the paths that they can match."""

import re
from collections.abc import Iterable

CONVERTER = re.compile(r"<[^<>]*>")


def prefixes(rules: Iterable[tuple[str, str]], host: str) -> tuple[str, ...]:
    """Return prefixes such that every path that a rule matches on this host begins with one of them.

    A rule is a pattern of the host and one of the path, in werkzeug's form: `<name>` stands for any text. A path that
    matches begins with the pattern's literal beginning, but for a slash at its end.
    """
    return tuple({path.partition("<")[0].rstrip("/") for pattern, path in rules if can_match(pattern, host)})


def can_match(pattern: str, host: str) -> bool:
    """Return whether a host has all literal parts of a pattern. A part with a bracket is not a literal one."""
    lower = host.lower()
    return all(part.lower() in lower or "<" in part or ">" in part for part in CONVERTER.split(pattern))
