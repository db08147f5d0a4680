import json
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from localstack_plugin.persistence.graph.document import DocumentError, UnknownValueError, Vocabulary
from localstack_plugin.persistence.graph.reading import read
from localstack_plugin.persistence.graph.writing import write


class Queue:
    calls: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self.calls.append("__init__")

    def __setstate__(self, state: Any) -> None:
        self.calls.append("__setstate__")

    @property
    def limit(self) -> int:
        return 1

    @limit.setter
    def limit(self, value: int) -> None:
        self.calls.append("a setter")


class Keyed:
    """Its hash is that of what it contains, as that of a message of SQS."""

    def __init__(self, content: dict[str, str]) -> None:
        self.content = content

    def __hash__(self) -> int:
        return hash(self.content["id"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyed) and other.content == self.content


class Status(StrEnum):
    ACTIVE = "Active"


class Scope(str):
    pass


class Answer(dict[str, Any]):
    pass


QUEUE, KEYED, STATUS, SCOPE = (f"{__name__}:{name}" for name in ("Queue", "Keyed", "Status", "Scope"))
VOCABULARY = Vocabulary(
    objects={QUEUE: Queue, KEYED: Keyed}, enums={STATUS: Status}, texts={SCOPE: Scope}, plain={"Answer": Answer}
)


def copied(value: Any) -> Any:
    return read(json.loads(json.dumps(write(value, VOCABULARY))), VOCABULARY)[0]


def node(kind: str, *content: Any) -> Any:
    return {"layouts": [[QUEUE, ["name"]]], "nodes": [[kind, *content]], "root": [0]}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**70,
        "\ud800 é",
        1.5,
        float("inf"),
        b"\x00\xff",
        (1, ("a", frozenset({2}))),
        [[], {}, set()],
        {1: "a", (1, 2): "b", None: "c", False: "d"},
        deque([1, 2]),
        datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime(2026, 1, 2, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=ZoneInfo("GMT")),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    ],
)
def test_values_come_back_equal_and_of_the_same_type(value: Any) -> None:
    assert copied(value) == value
    assert type(copied(value)) is type(value)


def test_containers_of_the_standard_library_keep_their_type() -> None:
    lists, dicts = copied([defaultdict(list, a=[1]), defaultdict(dict)])
    assert (lists["b"], lists["a"]) == ([], [1])
    assert dicts["b"] == {}
    assert list(copied(OrderedDict(b=1, a=2))) == ["b", "a"]


def test_enums_and_texts_keep_their_class() -> None:
    status, scope = copied([Status.ACTIVE, Scope("a/b")])
    assert status is Status.ACTIVE
    assert type(scope) is Scope
    assert scope == "a/b"


def test_a_dict_whose_class_does_not_matter_comes_back_as_a_dict() -> None:
    answer = Answer(Payload=[1])
    answers = copied([answer, answer])
    assert type(answers[0]) is dict
    assert answers[0] is answers[1]
    assert answers[0] == answer


def test_references_and_cycles_are_kept() -> None:
    queue = Queue()
    shared = ["m"]
    queue.__dict__.update(me=queue, first=shared, second=shared)
    copy = copied(queue)
    assert copy.me is copy
    assert copy.first is copy.second == ["m"]


def test_an_object_in_a_set_is_hashed_after_its_content_was_read() -> None:
    message = Keyed({"id": "1"})
    inflight, by_message = copied([{message}, {message: "receipt"}])
    assert inflight == {message}
    assert by_message[next(iter(inflight))] == "receipt"


def test_a_reader_puts_its_own_object_in_the_place_of_an_external_one() -> None:
    backend = object()
    document = write({"backend": backend}, VOCABULARY, externals={id(backend): "backend/1"})
    assert read(document, VOCABULARY, {"backend/1": "the reader's"})[0] == {"backend": "the reader's"}


@pytest.mark.parametrize("value", [object(), {1: [lambda: 1]}, defaultdict(lambda: 1), type, Vocabulary()])
def test_writing_a_value_that_is_not_data_is_an_error(value: Any) -> None:
    with pytest.raises(UnknownValueError, match="not data"):
        write(value, VOCABULARY)


def test_the_error_names_the_attribute() -> None:
    queue = Queue()
    queue.__dict__["mutex"] = object()
    with pytest.raises(UnknownValueError, match="builtins:object is not data, as mutex in Queue"):
        write(queue, VOCABULARY)


def test_reading_calls_nothing_of_an_object() -> None:
    Queue.calls.clear()
    document = {"layouts": [[QUEUE, ["limit"]]], "nodes": [["object", 0, [2]]], "root": [0]}
    queue, _ = read(document, VOCABULARY)
    assert type(queue) is Queue
    assert Queue.calls == []


@pytest.mark.parametrize("name", ["os:system", "builtins:eval", "subprocess:Popen", STATUS, "", None])
def test_a_class_that_is_not_in_the_vocabulary_is_refused(name: Any) -> None:
    with pytest.raises(DocumentError):
        read({"layouts": [[name, []]], "nodes": [["object", 0, []]], "root": [0]}, VOCABULARY)


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__reduce__", "a.b", "", "1", "a b", "class", 1])
def test_an_attribute_must_have_the_name_of_an_attribute_of_data(name: Any) -> None:
    with pytest.raises(DocumentError):
        read({"layouts": [[QUEUE, [name]]], "nodes": [["object", 0, ["x"]]], "root": [0]}, VOCABULARY)


@pytest.mark.parametrize(
    "value",
    [
        {"enum": STATUS, "value": "Unknown"},
        {"enum": QUEUE, "value": "Active"},
        {"text": SCOPE, "value": 1},
        {"text": "os:system", "value": "id"},
        {"call": "os:system", "value": "id"},
        {"bytes": "not base64!"},
        {"float": "1e999"},
        {"datetime": "soon", "zone": ""},
        {"datetime": "2026-01-01", "zone": "../../etc/passwd"},
        {"external": "unknown"},
        {},
        [1],
        [-1],
        [True],
        [0, 0],
        ["0"],
    ],
)
def test_a_forged_value_is_refused(value: Any) -> None:
    with pytest.raises(DocumentError):
        read(node("list", [value]), VOCABULARY)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        node("function", []),
        node("object", 1, []),
        node("object", -1, []),
        node("object", 0, []),
        node("object", 0, [1, 2]),
        node("dict", ["key without value"]),
        node("set", [[0]]),
        node("list"),
        {"layouts": [], "nodes": [], "root": [0]},
    ],
)
def test_a_document_that_is_damaged_is_refused(document: Any) -> None:
    with pytest.raises(DocumentError):
        read(document, VOCABULARY)


def test_a_deep_value_is_refused_and_a_long_chain_of_references_is_not() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = {"tuple": [deep]}
    with pytest.raises(DocumentError, match="deeper than"):
        read(node("list", [deep]), VOCABULARY)
    chain: list[Any] = []
    for _ in range(100_000):
        chain = [chain]
    assert len(copied(chain)) == 1
