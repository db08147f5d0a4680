"""Filter patterns of CloudWatch Logs that consist of terms: `ERROR`, `"bad request" -retry`, `?WARN ?ERROR`.

Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, "unstructured log events". Terms
are case-sensitive. Patterns for JSON, for fields and with regular expressions are not read here.
"""

import re
from collections.abc import Callable

TERM = re.compile(
    r'\s*(?P<sign>[?-]?)(?:"(?P<phrase>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<word>[^\s"{}\[\]()%?-][^\s"]*))(?=\s|$)'
)
REQUIRED, EXCLUDED, OPTIONAL = "", "-", "?"


def matcher_of(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether a message matches. A pattern of another kind matches every message."""
    terms = _terms(pattern.strip())
    if terms is None:
        return lambda _: True
    required, excluded, optional = (
        [text for sign, text in terms if sign == kind] for kind in (REQUIRED, EXCLUDED, OPTIONAL)
    )
    if required or excluded:
        optional = []  # "?" in combination with other terms is ignored

    def matches(message: str) -> bool:
        return (
            all(text in message for text in required)
            and not any(text in message for text in excluded)
            and (not optional or any(text in message for text in optional))
        )

    return matches


def _terms(pattern: str) -> list[tuple[str, str]] | None:
    """Return the sign and the text of each term, or None for a pattern that is not only terms."""
    terms, position = [], 0
    while position < len(pattern):
        match = TERM.match(pattern, position)
        if match is None:
            return None
        phrase = match["phrase"]
        terms.append((match["sign"], match["word"] if phrase is None else re.sub(r"\\(.)", r"\1", phrase)))
        position = match.end()
    return terms
