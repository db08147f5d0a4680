"""Find the code that belongs to each function that a state machine calls.

Their names are often similar but not equal: the state machine calls serializeImageData, and the code is in
serialize_image_data.py, Lambda1-serializeImageData/ or serializeImageData-1b4e28ba.zip.
"""

import re
from collections.abc import Iterable, Sequence

from scones.importing.model import Code

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
STOP_WORDS = frozenset({"lambda", "function", "func", "fn", "handler", "py", "the", "step", "my", "arn"})
SUFFIX = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?$")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, without those that mean nothing.

    They are also without the suffix that the Lambda console gives to exports.
    """
    return [word for part in WORD.findall(SUFFIX.sub("", name)) if (word := part.lower()) not in STOP_WORDS]


def match(functions: Sequence[str], candidates: Sequence[Code]) -> dict[str, Code]:
    """Return the code of each function for which there is some.

    Code is matched by equal names, then by the same words, then by a mention in the code, then by the most words in
    common, then by order. A function with several equally good candidates gets none, unless they are parts of one
    module, or exactly one of those that are equal or have the same words is a zip file.
    """
    matched: dict[str, Code] = {}
    for is_match in (_equal, _same_words, _mentions):
        for function in functions:
            free = [code for code in candidates if code not in matched.values()]
            fitting = [code for code in free if is_match(function, code)]
            if function not in matched and (code := _best(function, fitting)):
                matched[function] = code
    for function in functions:
        free = [code for code in candidates if code not in matched.values()]
        if function not in matched and (code := _most_alike(function, free)):
            matched[function] = code
    return matched | _by_order([name for name in functions if name not in matched], candidates, matched.values())


def _equal(function: str, code: Code) -> bool:
    return code.name == function


def _same_words(function: str, code: Code) -> bool:
    return "".join(words(function)) == "".join(words(code.name)) != ""


def _mentions(function: str, code: Code) -> bool:
    """Return whether a part of a module names the function, as in a comment above its handler."""
    name = "".join(words(function))
    return bool(name) and code.text is not None and name in "".join(words(code.text))


def _best(function: str, fitting: list[Code]) -> Code | None:
    """Return the only candidate, or the only zip file among several: the Lambda console exports zip files."""
    zips = [code for code in fitting if code.source.suffix == ".zip"]
    if len(fitting) == 1:
        return fitting[0]
    return zips[0] if len(zips) == 1 else None


def _most_alike(function: str, free: list[Code]) -> Code | None:
    """Return the code whose name shares the most words with the function's, if there is only one such code."""
    own = set(words(function))
    scores = sorted(((len(own & set(words(code.name))), number) for number, code in enumerate(free)), reverse=True)
    if not scores or scores[0][0] == 0 or (len(scores) > 1 and scores[1][0] == scores[0][0]):
        return None
    return free[scores[0][1]]


def _by_order(functions: list[str], candidates: Sequence[Code], taken: Iterable[Code]) -> dict[str, Code]:
    """Pair the remaining functions, in the workflow's order, with the parts of one module, if there are as many."""
    parts = [code for code in candidates if code.text is not None and code not in taken]
    is_one_module = len({code.source for code in parts}) == 1
    return dict(zip(functions, parts, strict=True)) if is_one_module and len(parts) == len(functions) else {}
