"""Lambda tasks: the function's ARN as Resource, and the fields of what lambda:invoke returns."""

from tests.integration.states_language.row import (
    CAUGHT,
    GUIDE,
    Definition,
    Row,
    Satisfying,
    caught,
    failing,
    jsonata,
    machine,
    mapping,
    parallel,
    state,
)

DIRECT = GUIDE + "state-task.html#task-types"
INVOKE = GUIDE + "connect-lambda.html"
LARGE = 262_143  # with its quotes one byte more than a state may pass on
ANSWER = {"statusCode": 200, "body": {"inferences": [0.9]}}


def calling(payload: object, **fields: object) -> Definition:
    """Return a Task whose Resource is the function's ARN."""
    return state("Task", Resource="${function}", Parameters=payload, **fields)


def calling_jsonata(arguments: object, **fields: object) -> Definition:
    return state("Task", Resource="${function}", Arguments=arguments, **fields)


def returning(value: object) -> Definition:
    return {"return": value}


def selecting(**selector: object) -> Definition:
    """Return a machine that selects from all that lambda:invoke returns."""
    parameters = {"FunctionName": "${function}", "Payload": returning(1)}
    return machine(
        state("Task", Resource="arn:aws:states:::lambda:invoke", Parameters=parameters, ResultSelector=selector)
    )


ROWS = [
    Row("an object", DIRECT, machine(calling(returning(ANSWER))), {}, ANSWER),
    Row("an object with a field Payload", DIRECT, machine(calling(returning({"Payload": 1}))), {}, {"Payload": 1}),
    Row("an empty object", DIRECT, machine(calling(returning({}))), {}, {}),
    Row("a text", DIRECT, machine(calling(returning("a"))), {}, "a"),
    Row("a list", DIRECT, machine(calling(returning([1, {"a": 2}]))), {}, [1, {"a": 2}]),
    Row("null", DIRECT, machine(calling(returning(None))), {}, None),
    Row("the state's input", DIRECT, machine(state("Task", Resource="${function}")), returning(ANSWER), ANSWER),
    Row("InputPath", DIRECT, machine(state("Task", Resource="${function}", InputPath="$.a")), {"a": returning(2)}, 2),
    Row(
        "ResultPath",
        DIRECT,
        machine(calling(returning(ANSWER), ResultPath="$.result")),
        {"a": 1},
        {"a": 1, "result": ANSWER},
    ),
    Row("ResultPath null", DIRECT, machine(calling(returning(ANSWER), ResultPath=None)), {"a": 1}, {"a": 1}),
    Row(
        "ResultSelector",
        DIRECT,
        machine(calling(returning(ANSWER), ResultSelector={"code.$": "$.statusCode"})),
        {},
        {"code": 200},
    ),
    Row("OutputPath", DIRECT, machine(calling(returning(ANSWER), OutputPath="$.body")), {}, ANSWER["body"]),
    Row(
        "one function after another",
        DIRECT,
        machine(
            calling(returning(returning(ANSWER)), Next="B"),
            B=state("Task", Resource="${function}"),
        ),
        {},
        ANSWER,
    ),
    Row("in a Map", DIRECT, machine(mapping(state("Task", Resource="${function}"))), [returning({"a": 1})], [{"a": 1}]),
    Row("in a Parallel", DIRECT, machine(parallel(calling(returning({"a": 1})))), {}, [{"a": 1}]),
    Row("JSONata without Output", DIRECT, jsonata(calling_jsonata(returning(ANSWER))), {}, ANSWER),
    Row("JSONata with empty Arguments", DIRECT, jsonata(calling_jsonata({})), {}, None),
    Row(
        "JSONata with Output",
        DIRECT,
        jsonata(calling_jsonata(returning(ANSWER), Output={"code": "{% $states.result.statusCode %}"})),
        {},
        {"code": 200},
    ),
    Row(
        "JSONata with Assign",
        DIRECT,
        jsonata(
            calling_jsonata(returning(ANSWER), Assign={"code": "{% $states.result.statusCode %}"}, Next="B"),
            B=state("Pass", Output="{% $code %}"),
        ),
        {},
        200,
    ),
    Row("a failure has the exception's name", DIRECT, machine(calling(failing())), {}, error="Custom"),
    Row(
        "a failure is caught by its name",
        DIRECT,
        machine(calling(failing(), Catch=caught("Custom")), Caught=CAUGHT),
        {},
        "caught",
    ),
    Row("the most bytes", DIRECT, machine(calling({"characters": LARGE - 1})), {}, "a" * (LARGE - 1)),
    Row("a byte too many", DIRECT, machine(calling({"characters": LARGE})), {}, error="States.DataLimitExceeded"),
    Row(
        "a large result that ResultPath leaves out",
        DIRECT,
        machine(calling({"characters": LARGE - 1}, ResultPath=None)),
        {"a": 1},
        {"a": 1},
    ),
    Row(
        "a result that is too large beside the input",
        DIRECT,
        machine(calling({"characters": LARGE - 1}, ResultPath="$.b")),
        {"a": 1},
        error="States.DataLimitExceeded",
    ),
    Row(
        "PutEvents with an entry that is not valid",
        GUIDE + "connect-eventbridge.html",
        machine(
            state(
                "Task",
                Resource="arn:aws:states:::events:putEvents",
                Parameters={"Entries": [{"Detail": {"a": 1}, "DetailType": "t", "EventBusName": "default"}]},
            )
        ),
        {},
        error="EventBridge.FailedEntry",
        cause='"FailedEntryCount":1',
    ),
    Row("StatusCode", INVOKE, selecting(**{"r.$": "$.StatusCode"}), {}, {"r": 200}),
    Row("ExecutedVersion", INVOKE, selecting(**{"r.$": "$.ExecutedVersion"}), {}, {"r": "$LATEST"}),
    Row("HttpStatusCode", INVOKE, selecting(**{"r.$": "$.SdkHttpMetadata.HttpStatusCode"}), {}, {"r": 200}),
    Row(
        "RequestId",
        INVOKE,
        selecting(
            **{"r.$": "$.SdkResponseMetadata.RequestId", "s.$": "$.SdkHttpMetadata.HttpHeaders.x-amzn-RequestId"}
        ),
        {},
        Satisfying(lambda output: output["r"] == output["s"] and len(output["r"]) == 36),
    ),
    Row(
        "all fields, sorted by name",
        INVOKE,
        selecting(**{"r.$": "$"}),
        {},
        Satisfying(
            lambda output: (
                list(output["r"])
                == ["ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode"]
            )
        ),
    ),
]
