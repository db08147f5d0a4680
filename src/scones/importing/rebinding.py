"""Rebind a definition to an account and a region, and list the resources that it names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scones.importing.matching import STOP_WORDS, WORD
from scones.importing.model import Place

# the account may be a placeholder such as <ACCOUNT_ID>; an expression ({} or ${…}) is left as it is
ARN = re.compile(
    r"arn:[\w-]+:(?P<service>[\w-]+):(?P<region>[^:\s'\"{}$]*):(?P<account>[^:\s'\"{}$]+):(?P<rest>[^\s'\"]+)"
)
QUEUE_URL = re.compile(r"https?://sqs[.-][^/\s]+/[^/\s]+/([\w.-]+)")
PLACEHOLDER = re.compile(r"\$\{([\w:.]+)\}")
PARTIAL_FUNCTION = re.compile(r"(?:(?:[^:\s]+:)?function:)?([\w-]+)(?::([\w$-]+))?")
LATEST = "$LATEST"


@dataclass
class References:
    """The names of resources in definitions, by kind, without duplicates, in the order of the states."""

    functions: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    placeholders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str) -> None:
        names: list[str] = getattr(self, kind)
        if name not in names:
            names.append(name)


NAMED = {"Bucket": "buckets", "EndpointName": "endpoints", "TableName": "tables"}
# the kind of a resource, by its service and the beginning of its ARN's last part
KINDS = {
    ("lambda", "function:"): "functions",
    ("iam", "role/"): "roles",
    ("sqs", ""): "queues",
    ("states", "activity:"): "activities",
    ("states", "stateMachine:"): "machines",
    ("sns", ""): "topics",
    ("dynamodb", "table/"): "tables",
}


@dataclass(frozen=True)
class Rebinding:
    """`queue_urls` has the URLs of the account's queues by name; without one, a URL stays as it is.

    Rebinding a definition adds the resources that it names to `references`.
    """

    place: Place
    queue_urls: Mapping[str, str] = field(default_factory=dict)
    references: References = field(default_factory=References)

    def definition(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Return a definition whose ARNs and URLs are the account's."""
        rebound: dict[str, Any] = self._value("", definition)
        return rebound

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        return self._text(key, value) if isinstance(value, str) and key != "Comment" else value

    def _text(self, key: str, text: str) -> str:
        if key in ("Resource", "FunctionName", "FunctionName.$") and (match := PLACEHOLDER.fullmatch(text)):
            return self.function_arn(_function_of(match[1]))
        is_name = key == "FunctionName" and not text.startswith(("arn:", "{%"))
        if is_name and (match := PARTIAL_FUNCTION.fullmatch(text)):
            self.references.add("functions", match[1])
            return match[1] + (f":{LATEST}" if match[2] == LATEST else "")
        if key in NAMED and not text.startswith(("arn:", "{%", "$")):
            self.references.add(NAMED[key], text)
        for name in PLACEHOLDER.findall(text):
            self.references.add("placeholders", name)
        return QUEUE_URL.sub(self._queue, ARN.sub(self._arn, text))

    def function_arn(self, name: str) -> str:
        self.references.add("functions", name)
        return f"arn:aws:lambda:{self.place.region}:{self.place.account}:function:{name}"

    def _queue(self, match: re.Match[str]) -> str:
        self.references.add("queues", match[1])
        return self.queue_urls.get(match[1], match[0])

    def _arn(self, match: re.Match[str]) -> str:
        service, rest = match["service"], match["rest"]
        region = self.place.region if match["region"] else ""
        if match["account"] == "aws":  # a policy or role of AWS itself
            return match[0]
        if service == "lambda" and rest.startswith("function:"):
            name, _, qualifier = rest.removeprefix("function:").partition(":")
            # an export has only one version of the code, so versions and aliases are left out
            return self.function_arn(name) + (f":{LATEST}" if qualifier == LATEST else "")
        self._note(service, rest)
        return f"arn:aws:{service}:{region}:{self.place.account}:{rest}"

    def _note(self, service: str, rest: str) -> None:
        for (kind_service, prefix), kind in KINDS.items():
            if service == kind_service and rest.startswith(prefix):
                self.references.add(kind, rest.removeprefix(prefix))
                return
        self.references.add("others", f"{service} {rest}")


def _function_of(placeholder: str) -> str:
    """Return a function's name for a placeholder such as SerializeFunctionArn or Serialize.Arn."""
    kept = [word for word in WORD.findall(placeholder.removesuffix(".Arn")) if word.lower() not in STOP_WORDS]
    return "".join(kept) or placeholder.replace(".", "-")


def in_order(value: Any) -> Any:
    """Return a definition with the states of each scope in the order in which they follow one another by Next."""
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    ordered = {key: in_order(item) for key, item in value.items()}
    states = ordered.get("States")
    if isinstance(states, dict) and isinstance(value.get("StartAt"), str):
        ordered["States"] = {name: states[name] for name in _path(value["StartAt"], states)}
    return ordered


def _path(start: str, states: Mapping[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    name: object = start
    while isinstance(name, str) and name in states and name not in seen:
        seen.add(name)
        yield name
        name = states[name].get("Next") if isinstance(states[name], dict) else None
    yield from (name for name in states if name not in seen)
