"""Look-ups in the headers of requests and responses."""

from collections.abc import Callable
from typing import Any

from werkzeug.datastructures import Headers

from localstack_plugin.replacing import wrap

Operation = Callable[..., Any]


def value_of(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, whatever the case of its name."""
    lower = name.lower()
    for other, value in headers._list:
        if other.lower() == lower:
            return value
    return None


def get_at_once(get: Operation) -> Operation:
    def get_header(headers: Headers, key: str, default: Any = None, *type_: Any, **named: Any) -> Any:
        if type_ or named or headers.__class__ is not Headers:
            return get(headers, key, default, *type_, **named)
        value = value_of(headers, key)
        return default if value is None else value

    return get_header


def contains_at_once(contains: Operation) -> Operation:
    def contains_header(headers: Headers, key: str) -> bool:
        if headers.__class__ is not Headers:
            return bool(contains(headers, key))
        return value_of(headers, key) is not None

    return contains_header


def set_new_at_once(set_header: Operation) -> Operation:
    def set_or_append(headers: Headers, key: str, value: Any, /, **parameters: Any) -> None:
        lower = key.lower()
        if lower in [name.lower() for name, _ in headers._list]:
            set_header(headers, key, value, **parameters)
        else:
            headers.add(key, value, **parameters)

    return set_or_append


def update_at_once(update: Operation) -> Operation:
    """Update headers with others that occur once each: each is set with its value, which is valid in a header."""

    def update_headers(headers: Headers, others: Any = None, /, **named: Any) -> None:
        if named or others.__class__ is not Headers or headers.__class__ is not Headers:
            return update(headers, others, **named)
        names = {name.lower() for name, _ in others._list}
        if len(names) < len(others._list):
            return update(headers, others)
        present = names.intersection([name.lower() for name, _ in headers._list])
        for name, value in others._list:
            if name.lower() in present:
                headers.set(name, value)
            else:
                headers._list.append((name, value))
        return None

    return update_headers


def install() -> None:
    wrap(
        "werkzeug.datastructures.headers:Headers.get",
        wrapper=get_at_once,
        why="For a header that is absent, werkzeug builds and raises an exception, which costs more than the look-up. "
        "The default is returned at once.",
    )
    wrap(
        "werkzeug.datastructures.headers:Headers.__contains__",
        wrapper=contains_at_once,
        why="The same for the question whether there is a header.",
    )
    wrap(
        "werkzeug.datastructures.headers:Headers.set",
        wrapper=set_new_at_once,
        why="Werkzeug looks for the place of each header that LocalStack sets. One that is new is appended at once.",
    )
    wrap(
        "werkzeug.datastructures.headers:Headers.update",
        wrapper=update_at_once,
        why="LocalStack copies the headers of each answer, for which werkzeug searches all headers three times per "
        "header. Those that are new are appended.",
    )
