r"""The intrinsic functions, with the examples from their page in AWS's guide, and their limits."""

from typing import Any

from tests.integration.states_language.row import (
    GUIDE,
    SPEC,
    UUID,
    Row,
    Satisfying,
    computed,
    machine,
    one_pass,
    parallel,
    state,
)

PAGE = GUIDE + "intrinsic-functions.html"
NUMBERS = {"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}
MANY = {"a": list(range(3)), "n": 2}

APPLIED: list[tuple[str, Any, Any]] = [
    # arrays
    ("States.Array($.Id)", {"Id": 123456}, [123456]),
    ("States.Array()", {}, []),
    ("States.Array('a', 1, -1.5, true, null, $.x)", {"x": {"y": 1}}, ["a", 1, -1.5, True, None, {"y": 1}]),
    ("States.ArrayPartition($.a, 4)", NUMBERS, [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
    ("States.ArrayPartition($.a, 9)", NUMBERS, [[1, 2, 3, 4, 5, 6, 7, 8, 9]]),
    ("States.ArrayPartition($.a, 100)", NUMBERS, [[1, 2, 3, 4, 5, 6, 7, 8, 9]]),
    ("States.ArrayPartition($.a, 2.4)", {"a": [1, 2, 3]}, [[1, 2], [3]]),
    ("States.ArrayPartition($.a, 1)", {"a": []}, []),
    ("States.ArrayContains($.a, $.l)", {**NUMBERS, "l": 5}, True),
    ("States.ArrayContains($.a, 10)", NUMBERS, False),
    ("States.ArrayContains($.a, '5')", NUMBERS, False),
    ("States.ArrayContains($.a, true)", {"a": [1]}, False),
    ("States.ArrayContains($.a, $.o)", {"a": [{"x": [1]}], "o": {"x": [1]}}, True),
    ("States.ArrayContains($.a, null)", {"a": [None]}, True),
    ("States.ArrayRange(1, 9, 2)", {}, [1, 3, 5, 7, 9]),
    ("States.ArrayRange(1, 10, 2)", {}, [1, 3, 5, 7, 9]),
    ("States.ArrayRange(0, 0, 1)", {}, [0]),
    ("States.ArrayRange(5, 1, 1)", {}, []),
    ("States.ArrayRange(1.4, 3.6, 1)", {}, [1, 2, 3, 4]),
    ("States.ArrayRange(1, 1000, 1)", {}, list(range(1, 1001))),
    ("States.ArrayGetItem($.a, 5)", NUMBERS, 6),
    ("States.ArrayGetItem($.a, 0)", NUMBERS, 1),
    ("States.ArrayLength($.a)", NUMBERS, 9),
    ("States.ArrayLength($.a)", {"a": []}, 0),
    ("States.ArrayLength($.a[*].b)", {"a": [{"b": 1}]}, 1),
    ("States.ArrayUnique($.a)", {"a": [1, 2, 3, 3, 3, 3, 3, 3, 4]}, [1, 2, 3, 4]),
    (
        "States.ArrayUnique($.a)",
        {"a": [1, True, "1", None, None, {"b": 1}, {"b": 1}, [1], [1]]},
        [1, True, "1", None, {"b": 1}, [1]],
    ),
    # encoding
    ("States.Base64Encode($.i)", {"i": "Data to encode"}, "RGF0YSB0byBlbmNvZGU="),
    ("States.Base64Encode('hé')", {}, "aMOp"),
    ("States.Base64Encode($.i)", {"i": "日本語"}, "5pel5pys6Kqe"),
    ("States.Base64Encode('')", {}, ""),
    ("States.Base64Decode($.b)", {"b": "RGVjb2RlZCBkYXRh"}, "Decoded data"),
    ("States.Base64Decode('aMOp')", {}, "hé"),
    ("States.Base64Decode(States.Base64Encode('größe'))", {}, "größe"),
    # hashes
    ("States.Hash($.d, $.m)", {"d": "input data", "m": "SHA-1"}, "aaff4a450a104cd177d28d18d74485e8cae074b7"),
    ("States.Hash('input data', 'MD5')", {}, "812f45842bc6d66ee14572ce20db8e86"),
    ("States.Hash('', 'SHA-256')", {}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("States.Hash('é', 'MD5')", {}, "66ddcd97cfdeabb2f6fb8a999b4bc76f"),
    (
        "States.Hash('a', 'SHA-384')",
        {},
        "54a59b9f22b0b80880d8427e548b7c23abd873486e1f035dce9cd697e85175033caa88e6d57bc35efae0b5afd3145f31",
    ),
    (
        "States.Hash('a', 'SHA-512')",
        {},
        "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75",
    ),
    # JSON
    (
        "States.JsonMerge($.j, $.k, false)",
        {"j": {"a": {"a1": 1, "a2": 2}, "b": 2}, "k": {"a": {"a3": 1, "a4": 2}, "c": 3}},
        {"a": {"a3": 1, "a4": 2}, "b": 2, "c": 3},
    ),
    ("States.StringToJson($.s)", {"s": '{"foo": "bar"}'}, {"foo": "bar"}),
    ("States.StringToJson('[1, 2.5, null]')", {}, [1, 2.5, None]),
    ("States.StringToJson('\"x\"')", {}, "x"),
    ("States.JsonToString($.u)", {"u": {"foo": "bar", "n": [1, None]}}, '{"foo":"bar","n":[1,null]}'),
    ("States.JsonToString($.u)", {"u": {"é": "ü"}}, '{"é":"ü"}'),
    ("States.StringToJson(States.JsonToString($.u))", {"u": {"a": [1, {"b": "c"}]}}, {"a": [1, {"b": "c"}]}),
    # numbers
    ("States.MathAdd($.v, $.s)", {"v": 111, "s": -1}, 110),
    ("States.MathAdd(1.4, 1.4)", {}, 2),
    ("States.MathAdd(1.5, 0)", {}, 2),
    ("States.MathAdd(-1.5, 0)", {}, -1),
    ("States.MathRandom(1, 999)", {}, Satisfying(lambda value: 1 <= value < 999)),
    ("States.MathRandom(1, 2)", {}, 1),
    ("States.MathRandom($.a, $.b, 2)", {"a": 5, "b": 6}, 5),
    # texts
    ("States.StringSplit($.i, $.s)", {"i": "1,2,3,4,5", "s": ","}, ["1", "2", "3", "4", "5"]),
    (
        "States.StringSplit($.i, $.s)",
        {"i": "This.is+a,test=string", "s": ".+,="},
        ["This", "is", "a", "test", "string"],
    ),
    ("States.StringSplit('a--b-', '-')", {}, ["a", "b"]),
    (r"States.StringSplit($.i, '\'')", {"i": "a'b"}, ["a", "b"]),
    (r"States.StringSplit($.i, '\\')", {"i": "a\\b"}, ["a", "b"]),
    ("States.StringSplit('a]b[c', '[]')", {}, ["a", "b", "c"]),
    ("States.StringSplit('a,b', ';')", {}, ["a,b"]),
    ("States.UUID()", {}, UUID),
    # formatting
    ("States.Format('Hello, my name is {}.', $.name)", {"name": "Arnav"}, "Hello, my name is Arnav."),
    (
        "States.Format($.template, $.name)",
        {"name": "Arnav", "template": "Hello, my name is {}."},
        "Hello, my name is Arnav.",
    ),
    ("States.Format('{}{}-{}', 1, 'b', $.c)", {"c": True}, "1b-true"),
    ("States.Format('nothing')", {}, "nothing"),
    ("States.Format('{}', null)", {}, "null"),
    ("States.Format('{}', $.f)", {"f": 1.5}, "1.5"),
    (r"""States.Format('\{"key":"{}"\}', $.v)""", {"v": "t"}, '{"key":"t"}'),
    (r"States.Format('it\'s {}', $.v)", {"v": "t"}, "it's t"),
    (r"States.Format('a\\b {}', $.v)", {"v": "t"}, "a\\b t"),
    (r"States.Format('\{\}{}', 1)", {}, "{}1"),
    ("States.Format('Fahrräder: {}', $.n)", {"n": 1}, "Fahrräder: 1"),
    ("States.Format('s3://{}/{}', $.b, $.k)", {"b": "b", "k": "a/b"}, "s3://b/a/b"),
    ("States.Format('{}', $.v)", {"v": "{}"}, "{}"),
    ("States.Format('a, (b) {}', 'c, (d)')", {}, "a, (b) c, (d)"),
    ("States.Format('{}', $$.State.Name)", {}, "A"),
    # nesting and arguments
    ("States.ArrayGetItem(States.StringSplit($.a, '/'), 2)", {"a": "x/y/z"}, "z"),
    ("States.ArrayLength(States.StringSplit('a b c', ' '))", {}, 3),
    ("States.Array(States.Array(States.Array(1)))", {}, [[[1]]]),
    ("States.Format('{}', States.MathAdd($.n, 1))", MANY, "3"),
    ("States.ArrayGetItem($.a, States.MathAdd(0, 1))", MANY, 1),
    ("States.ArrayLength($.a[?(@ > 0)])", MANY, 2),
    ("States.Array($['a'], $.a[0:2], $.a[-1])", MANY, [[0, 1, 2], [0, 1], 2]),
    ("States.Array( $.n ,  'x' )", MANY, [2, "x"]),
    ("States.Array($['größe'])", {"größe": 1}, [1]),
    (
        "States.Format('{}.{}', "
        "States.ArrayGetItem(States.StringSplit(States.ArrayGetItem(States.StringSplit($.a, '/'), 1), '.'), 0), "
        "States.ArrayGetItem(States.StringSplit(States.ArrayGetItem(States.StringSplit($.a, '/'), 1), '.'), 1))",
        {"a": "x/1.2"},
        "1.2",
    ),
]

FAILING: list[tuple[str, Any]] = [
    ("States.ArrayGetItem($.a, 9)", NUMBERS),
    ("States.ArrayGetItem($.a, -1)", NUMBERS),
    ("States.ArrayGetItem('text', 0)", {}),
    ("States.ArrayLength('text')", {}),
    ("States.ArrayLength($.o)", {"o": {}}),
    ("States.ArrayPartition($.a, 0)", NUMBERS),
    ("States.ArrayPartition($.a, -1)", NUMBERS),
    ("States.ArrayPartition('text', 1)", {}),
    ("States.ArrayRange(1, 9, 0)", {}),
    ("States.ArrayRange(1, 1001, 1)", {}),
    ("States.ArrayRange('1', 9, 1)", {}),
    ("States.ArrayUnique('text')", {}),
    ("States.ArrayContains(1, 1)", {}),
    ("States.Base64Encode($.i)", {"i": "a" * 10_001}),
    ("States.Base64Encode(5)", {}),
    ("States.Base64Decode('!!!')", {}),
    ("States.Hash('a', 'SHA-3')", {}),
    ("States.Hash($.i, 'MD5')", {"i": "a" * 10_001}),
    ("States.JsonMerge($.j, $.j, true)", {"j": {}}),
    ("States.JsonMerge($.j, 'text', false)", {"j": {}}),
    ("States.StringToJson('{')", {}),
    ("States.StringToJson(5)", {}),
    ("States.MathAdd('1', 1)", {}),
    ("States.MathRandom(5, 5)", {}),
    ("States.StringSplit(5, ',')", {}),
    ("States.Format('{} {}', 1)", {}),
    ("States.Format('no placeholder', 1)", {}),
    ("States.Format($.n, 1)", {"n": 5}),
    (r"States.Format('\n')", {}),
]

REFUSED = [
    "States.Nothing($.a)",
    "States.UUID(1)",
    "States.ArrayLength()",
    "States.ArrayLength($.a, $.b)",
    "States.MathAdd(1)",
    "States.ArrayRange(1, 2)",
    "States.Format()",
    "States.Array('open)",
]

ROWS = [
    *(
        Row(f"applies {call[:90]} to {str(given)[:40]}", PAGE, computed(call), given, {"r": value})
        for call, given, value in APPLIED
    ),
    *(
        Row(
            f"fails: {call} with {str(given)[:30]}",
            GUIDE + "concepts-error-handling.html",
            computed(call),
            given,
            error="States.IntrinsicFailure",
        )
        for call, given in FAILING
    ),
    *(Row(f"is refused: {call}", PAGE, computed(call), refused=True) for call in REFUSED),
    Row(
        "a random number with a seed is always the same",
        PAGE,
        one_pass(Parameters={"a.$": "States.MathRandom(1, 999, 7)", "b.$": "States.MathRandom(1, 999, 7)"}),
        {},
        Satisfying(lambda output: output["a"] == output["b"]),
    ),
    Row(
        "two UUIDs differ",
        PAGE,
        one_pass(Parameters={"a.$": "States.UUID()", "b.$": "States.UUID()"}),
        {},
        Satisfying(lambda output: output["a"] != output["b"]),
    ),
    Row(
        "a missing path as an argument",
        SPEC + "errors",
        computed("States.Array($.absent)"),
        {},
        error="States.Runtime",
        cause="The JSONPath '$.absent'",
    ),
    Row(
        "a failure can be caught by name",
        GUIDE + "concepts-error-handling.html",
        machine(
            parallel(
                state("Pass", Parameters={"r.$": "States.ArrayGetItem($.a, 9)"}),
                Catch=[{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "C"}],
            ),
            C=state("Pass", Result="caught"),
        ),
        NUMBERS,
        "caught",
    ),
    Row(
        "ResultSelector with a function",
        PAGE,
        machine(parallel(state("Pass", Result=5), ResultSelector={"n.$": "States.ArrayLength($)"})),
        {},
        {"n": 1},
    ),
]
