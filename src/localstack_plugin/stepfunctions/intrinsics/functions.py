"""The 18 intrinsic functions (docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html)."""

import base64
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

MOST_CHARACTERS = 10_000
MOST_ELEMENTS = 1000
ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
ESCAPE = re.compile(r"\\['{}\\]")
PLACES = re.compile(r"\\(.)|(\{\})", re.DOTALL)


class IntrinsicError(ValueError):
    """A function cannot be applied to its arguments: States.IntrinsicFailure."""


def require(condition: bool, message: str) -> None:
    if not condition:
        raise IntrinsicError(message)


def text(value: Any) -> str:
    require(isinstance(value, str), f"a string is expected, not {json_text(value)}")
    return str(value)


def short_text(value: Any) -> str:
    require(len(text(value)) <= MOST_CHARACTERS, f"a string may have {MOST_CHARACTERS} characters, not {len(value)}")
    return str(value)


def array(value: Any) -> list[Any]:
    require(isinstance(value, list), f"an array is expected, not {json_text(value)}")
    return list(value)


def whole(value: Any) -> int:
    """Return the nearest integer; halves go up, as in Java's Math.round."""
    require(
        isinstance(value, int | float) and not isinstance(value, bool), f"a number is expected, not {json_text(value)}"
    )
    return value if isinstance(value, int) else math.floor(value + 0.5)


def json_text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def shown(value: Any) -> str:
    """Return a value as States.Format shows it, as Java does: {a=1, b=[x, y]}."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={shown(element)}' for name, element in value.items())}}}"
    return json_text(value)


def unescaped(literal: str) -> str:
    r"""Return what a literal stands for: `\'`, `\{`, `\}` and `\\` are the characters without the backslash."""
    if "\\" not in literal:
        return literal
    rest = ESCAPE.sub("", literal)
    require("\\" not in rest, f"a backslash may stand before ', {{, }} and \\ only: '{literal}'")
    return re.sub(r"\\(.)", r"\1", literal)


def format_(template: Any, *values: Any) -> str:
    r"""Fill each `{}`. The template keeps its escapes when it is a literal: `\{` is a brace."""
    unescaped(text(template))
    places = sum(1 for match in PLACES.finditer(template) if match[2])
    require(places == len(values), f"the template has {places} places for {len(values)} values")
    remaining = iter(values)
    return PLACES.sub(lambda match: match[1] or shown(next(remaining)), template)


def string_to_json(value: Any) -> Any:
    try:
        return json.loads(value) if text(value).strip() else None
    except ValueError as error:
        raise IntrinsicError(f"the string is not JSON: {error}") from error


def array_partition(value: Any, size: Any) -> list[list[Any]]:
    elements, length = array(value), whole(size)
    require(length > 0, f"the size of a part must be positive, not {length}")
    return [elements[start : start + length] for start in range(0, len(elements), length)]


def array_contains(value: Any, element: Any) -> bool:
    return any(same(candidate, element) for candidate in array(value))


def array_range(first: Any, last: Any, step: Any) -> list[int]:
    start, end, by = whole(first), whole(last), whole(step)
    require(by != 0, "the step must not be 0")
    numbers = range(start, end + (1 if by > 0 else -1), by)
    require(len(numbers) <= MOST_ELEMENTS, f"a range may have {MOST_ELEMENTS} elements, not {len(numbers)}")
    return list(numbers)


def array_get_item(value: Any, index: Any) -> Any:
    elements, position = array(value), whole(index)
    require(0 <= position < len(elements), f"there is no element {position} in an array of {len(elements)}")
    return elements[position]


def array_unique(value: Any) -> list[Any]:
    unique: list[Any] = []
    for element in array(value):
        if not any(same(element, earlier) for earlier in unique):
            unique.append(element)
    return unique


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: true is not 1."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def base64_decode(value: Any) -> str:
    try:
        return base64.b64decode(short_text(value).encode(), validate=True).decode()
    except ValueError as error:
        raise IntrinsicError(f"the string is not Base64 of a UTF-8 text: {error}") from error


def hash_(value: Any, algorithm: Any) -> str:
    data = value if isinstance(value, str) else json_text(value)
    require(len(data) <= MOST_CHARACTERS, f"the data may have {MOST_CHARACTERS} characters, not {len(data)}")
    require(algorithm in ALGORITHMS, f"the algorithm must be one of {', '.join(ALGORITHMS)}, not {algorithm}")
    return hashlib.new(ALGORITHMS[algorithm], data.encode(), usedforsecurity=False).hexdigest()


def json_merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    require(isinstance(first, dict) and isinstance(second, dict), "two objects are expected")
    require(deep is False, "only the shallow merge is supported: the third argument must be false")
    return {**first, **second}


def math_random(first: Any, last: Any, *seed: Any) -> int:
    start, end = whole(first), whole(last)
    require(start < end, f"the start must be less than the end, not {start} and {end}")
    return random.Random(whole(seed[0]) if seed else None).randrange(start, end)  # noqa: S311 (not for secrets)


def string_split(value: Any, delimiters: Any) -> list[str]:
    if not text(delimiters):
        return [text(value)]
    return [part for part in re.split(f"[{re.escape(delimiters)}]", text(value)) if part]


FUNCTIONS: dict[str, tuple[Callable[..., Any], range]] = {
    "Array": (lambda *values: list(values), range(1000)),
    "ArrayContains": (array_contains, range(2, 3)),
    "ArrayGetItem": (array_get_item, range(2, 3)),
    "ArrayLength": (lambda value: len(array(value)), range(1, 2)),
    "ArrayPartition": (array_partition, range(2, 3)),
    "ArrayRange": (array_range, range(3, 4)),
    "ArrayUnique": (array_unique, range(1, 2)),
    "Base64Decode": (base64_decode, range(1, 2)),
    "Base64Encode": (lambda value: base64.b64encode(short_text(value).encode()).decode(), range(1, 2)),
    "Format": (format_, range(1, 1000)),
    "Hash": (hash_, range(2, 3)),
    "JsonMerge": (json_merge, range(3, 4)),
    "JsonToString": (json_text, range(1, 2)),
    "MathAdd": (lambda first, second: whole(first) + whole(second), range(2, 3)),
    "MathRandom": (math_random, range(2, 4)),
    "StringSplit": (string_split, range(2, 3)),
    "StringToJson": (string_to_json, range(1, 2)),
    "UUID": (lambda: str(uuid.uuid4()), range(1)),
}
"""Each function with how many arguments it takes."""
