"""Definitions as JSON texts, timeouts and heartbeats, quotas, and Express workflows."""

import json

from tests.integration.states_language.row import (
    GUIDE,
    RFC_8259,
    SPEC,
    Row,
    choosing,
    computed,
    failing,
    invoking,
    jsonata,
    machine,
    one_pass,
    state,
)

SLASHES = json.dumps(one_pass(Parameters={"uri": "s3://b/k", "f.$": "States.Format('s3://b/{}', $.k)"})).replace(
    "/", "\\/"
)
ASCII = json.dumps
QUOTAS = GUIDE + "service-quotas.html"
EXPRESS = GUIDE + "choosing-workflow-type.html"
HEARTBEAT = GUIDE + "state-task.html"
AT_THE_LIMIT, OVER_THE_LIMIT = 262_142, 262_143  # with the quotes of a JSON string: 262,144 bytes and one more
CALLBACK = {"QueueUrl": "${queue}", "MessageBody": {"t.$": "$$.Task.Token"}}
WAITING = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"

ROWS = [
    Row("\\/ stands for /", RFC_8259 + "section-7", SLASHES, {"k": "k"}, {"uri": "s3://b/k", "f": "s3://b/k"}),
    Row(
        "\\u00e9 in a function",
        RFC_8259 + "section-7",
        ASCII(computed("States.Format('é{}', $.n)")),
        {"n": 1},
        {"r": "é1"},
    ),
    Row("\\u00e9 in a path", RFC_8259 + "section-7", ASCII(computed("$['é']")), {"é": 1}, {"r": 1}),
    Row(
        "\\u00e9 in a field's name",
        RFC_8259 + "section-7",
        ASCII(one_pass(Parameters={"é.$": "$.n"})),
        {"n": 1},
        {"é": 1},
    ),
    Row("\\u00e9 in a ResultPath", RFC_8259 + "section-7", ASCII(one_pass(Result=1, ResultPath="$.é")), {}, {"é": 1}),
    Row(
        "\\u00e9 in a Variable",
        RFC_8259 + "section-7",
        ASCII(choosing({"Variable": "$.é", "StringEquals": "é"})),
        {"é": "é"},
        "yes",
    ),
    Row(
        "\\u00e9 in a state's name",
        RFC_8259 + "section-7",
        ASCII(
            {
                "StartAt": "é",
                "States": {"é": state("Pass", Next="ü"), "ü": state("Pass", Parameters={"n.$": "$$.State.Name"})},
            }
        ),
        {},
        {"n": "ü"},
    ),
    Row(
        "\\u00e9 in an expression",
        RFC_8259 + "section-7",
        ASCII(jsonata(state("Pass", Output="{% 'é' & $states.input.ü %}"))),
        {"ü": "ö"},
        "éö",
    ),
    Row(
        "\\u00e9 in Error and Cause",
        RFC_8259 + "section-7",
        ASCII(machine(state("Fail", Error="é", Cause="ü"))),
        {},
        error="é",
        cause="ü",
    ),
    Row("a pair of surrogates", RFC_8259 + "section-7", ASCII(one_pass(Parameters={"e": "🚲"})), {}, {"e": "🚲"}),
    Row("a text that is no JSON", SPEC + "toplevelfields", "{", refused=True),
    Row(
        "a comma too many",
        RFC_8259 + "section-4",
        '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,}}}',
        refused=True,
    ),
    Row("JSON that is no object", SPEC + "toplevelfields", "[]", refused=True),
    Row(
        "HeartbeatSeconds less than TimeoutSeconds",
        HEARTBEAT,
        machine(invoking({"return": 1}, TimeoutSeconds=60, HeartbeatSeconds=30)),
        {},
        1,
    ),
    Row(
        "HeartbeatSeconds equal to TimeoutSeconds",
        HEARTBEAT,
        machine(invoking({"return": 1}, TimeoutSeconds=60, HeartbeatSeconds=60)),
        {},
        1,
    ),
    Row(
        "HeartbeatSeconds greater than TimeoutSeconds",
        HEARTBEAT,
        machine(invoking({}, TimeoutSeconds=10, HeartbeatSeconds=20)),
        refused=True,
    ),
    Row("TimeoutSecondsPath", HEARTBEAT, machine(invoking({"return": 1}, TimeoutSecondsPath="$.t")), {"t": 60}, 1),
    Row(
        "TimeoutSecondsPath to nothing",
        HEARTBEAT,
        machine(invoking({"return": 1}, TimeoutSecondsPath="$.t")),
        {},
        error="States.Runtime",
        cause="Invalid path '$.t' : No results for path: $['t']",
    ),
    Row(
        "no heartbeat in time",
        GUIDE + "concepts-error-handling.html",
        machine(state("Task", Resource=WAITING, Parameters=CALLBACK, HeartbeatSeconds=1, TimeoutSeconds=60)),
        {},
        error="States.Timeout",
    ),
    Row(
        "no answer in time",
        GUIDE + "concepts-error-handling.html",
        machine(state("Task", Resource=WAITING, Parameters=CALLBACK, TimeoutSeconds=1)),
        {},
        error="States.Timeout",
    ),
    Row("an output of 262,144 bytes", QUOTAS, one_pass(), "x" * AT_THE_LIMIT, "x" * AT_THE_LIMIT),
    Row(
        "a state's output of more than 262,144 bytes",
        QUOTAS,
        jsonata(state("Pass", Output="{% $pad('x', 262143, 'y') %}")),
        {},
        error="States.DataLimitExceeded",
    ),
    Row(
        "bytes are counted, not characters",
        QUOTAS,
        jsonata(state("Pass", Output="{% $pad('é', 131000, 'é') %}")),
        {},
        "é" * 131_000,
    ),
    Row(
        "more bytes than characters",
        QUOTAS,
        jsonata(state("Pass", Output="{% $pad('é', 140000, 'é') %}")),
        {},
        error="States.DataLimitExceeded",
    ),
    # Express
    Row("Express: a Pass", EXPRESS, one_pass(Parameters={"a.$": "$.b"}), {"b": 1}, {"a": 1}, express=True),
    Row("Express: a Task", EXPRESS, machine(invoking({"return": 2})), {}, 2, express=True),
    Row(
        "Express: JSONata",
        EXPRESS,
        jsonata(state("Pass", Output="{% $states.input.a + 1 %}")),
        {"a": 1},
        2,
        express=True,
    ),
    Row(
        "Express: an error",
        EXPRESS,
        machine(invoking(failing("Custom", message="m"))),
        {},
        error="Custom",
        cause="m",
        express=True,
    ),
    Row(
        "Express: States.Runtime",
        EXPRESS,
        computed("$.absent"),
        {},
        error="States.Runtime",
        cause="The JSONPath '$.absent'",
        express=True,
    ),
    Row(
        "Express: no callback",
        EXPRESS,
        machine(state("Task", Resource=WAITING, Parameters=CALLBACK)),
        refused=True,
        express=True,
    ),
    Row(
        "Express: no activity",
        EXPRESS,
        machine(state("Task", Resource="arn:aws:states:us-east-1:000000000000:activity:a")),
        refused=True,
        express=True,
    ),
]
