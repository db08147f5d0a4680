"""Requests as an attacker writes them, byte by byte, against every port."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.attacks.raw_requests import (
    DISGUISES,
    EVIL,
    RawRequest,
    answer_an_invocation,
    create_group,
    create_queue,
    exchange,
    h2_get,
    status_of,
)
from tests.attacks.tally import Tally
from tests.attacks.victim import BUCKET, KEY, Cloud

REFUSED = (403, 400)  # 400: the server takes it for no HTTP at all
SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
MULTIPART = (
    "--x\r\nContent-Disposition: form-data; name=key\r\n\r\nincoming/x.png\r\n"
    "--x\r\nContent-Disposition: form-data; name=file; filename=x.png\r\n\r\nevil\r\n--x--\r\n"
)
DELETE = f"<Delete><Object><Key>{KEY}</Key></Object></Delete>"
TEMPLATE = '{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}'.replace('"', "%22")


def acting_request(name: str) -> Callable[[int, str], RawRequest]:
    return {"LocalStack": create_queue, "emulator": create_group}.get(name, answer_an_invocation)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_request_is_refused_on_every_port(cloud: Cloud, tally: Tally, disguise: str) -> None:
    assert len(cloud.ports) >= 3, "LocalStack, the emulator and a Runtime API"
    for name, port in cloud.ports.items():
        attack = DISGUISES[disguise](acting_request(name)(port, "harm"))
        received = exchange(port, attack.to_bytes())
        got_through = status_of(received) not in REFUSED
        tally.add(name, disguise, got_through)
        assert not got_through, (name, received[:500])


def test_each_request_of_a_kept_connection_is_judged(cloud: Cloud, tally: Tally) -> None:
    paths = {"LocalStack": "/_localstack/health", "emulator": "/health"}
    for name, port in cloud.ports.items():
        good = RawRequest(port, "GET", paths.get(name, "/"), ())
        bad = acting_request(name)(port, "pipelined").hosted(EVIL)
        assert b" 403 " in exchange(port, good.to_bytes() + bad.to_bytes())
        assert exchange(port, bad.to_bytes() + good.to_bytes()).count(b"HTTP/1.1 ") == 1
        tally.add(name, "pipelined", False)
    _assert_unharmed(cloud, tally, "pipelining")


def s3_attacks(port: int) -> dict[str, RawRequest]:
    origin = f"Origin: http://{EVIL}"
    multipart, text = "Content-Type: multipart/form-data; boundary=x", "Content-Type: text/plain"
    query = f"Action=CreateStack&StackName=harm&TemplateBody={TEMPLATE}"
    return {
        "S3 form": RawRequest(port, "POST", f"/{BUCKET}", (multipart, origin), MULTIPART),
        "S3 form of a sandboxed page": RawRequest(port, "POST", f"/{BUCKET}", (multipart, "Origin: null"), MULTIPART),
        "S3 deletion": RawRequest(port, "POST", f"/{BUCKET}?delete", (text, origin), DELETE),
        "S3 put": RawRequest(port, "PUT", f"/{BUCKET}/harm", (text, origin), "evil"),
        "S3 preflight": RawRequest(port, "OPTIONS", f"/{BUCKET}/harm", (origin, "Access-Control-Request-Method: PUT")),
        "image of a stack": RawRequest(port, "GET", f"/?{query}", ("Sec-Fetch-Site: cross-site",)),
        "image of a stack, without traces": RawRequest(port, "GET", f"/?{query}", ()),
        "image of a queue": RawRequest(port, "GET", "/?Action=CreateQueue&QueueName=harm", ()),
        "image with an encoded action": RawRequest(port, "GET", "/?%41ction=CreateQueue&QueueName=harm", ()),
        "image below the public name": RawRequest(port, "GET", "/?Action=CreateQueue&QueueName=harm", ()).hosted(
            f"localhost.localstack.cloud:{port}"
        ),
        "rebound public name, signed": RawRequest(
            port, "GET", "/?Action=CreateQueue&QueueName=harm", (f"Authorization: {SIGNATURE}",)
        ).hosted(f"x.localhost.localstack.cloud:{port}"),
        "internal path": RawRequest(port, "POST", "/_localstack/health", (text, origin), '{"action":"restart"}'),
        "messages of a queue": RawRequest(port, "GET", "/_aws/sqs/messages?QueueUrl=x", (origin,)),
        "function URL": RawRequest(port, "GET", "/", (origin,)).hosted(
            f"id.lambda-url.us-east-1.localhost.localstack.cloud:{port}"
        ),
    }


def test_the_attacks_of_pages_on_localstack_are_refused_and_do_no_harm(cloud: Cloud, tally: Tally) -> None:
    port = cloud.ports["LocalStack"]
    for name, attack in s3_attacks(port).items():
        received = exchange(port, attack.to_bytes())
        tally.add("LocalStack", name, status_of(received) != 403)
    _assert_unharmed(cloud, tally, "raw requests")


def test_http2_is_judged_by_its_authority(cloud: Cloud, tally: Tally) -> None:
    port = cloud.ports["LocalStack"]
    signed = ("authorization", SIGNATURE[:100])
    exchange(port, h2_get(f"{EVIL}:{port}", "/?Action=CreateQueue&QueueName=http2", signed))
    exchange(port, h2_get(f"127.0.0.1:{port}", "/?Action=CreateQueue&QueueName=http2", signed, ("origin", "null")))
    exchange(port, h2_get(f"127.0.0.1:{port}", "/?Action=CreateQueue&QueueName=http2", signed, ("host", EVIL)))
    _assert_unharmed(cloud, tally, "HTTP/2")
    exchange(port, h2_get(f"127.0.0.1:{port}", "/?Action=CreateQueue&QueueName=control", signed))
    url = cloud.client("sqs").get_queue_url(QueueName="control")["QueueUrl"]
    cloud.client("sqs").delete_queue(QueueUrl=url)


def test_the_same_requests_without_disguise_act(cloud: Cloud) -> None:
    for name in ("LocalStack", "emulator"):
        received = exchange(cloud.ports[name], acting_request(name)(cloud.ports[name], "control").to_bytes())
        assert status_of(received) == 200, (name, received)
    assert len(cloud.harm()) == 2
    cloud.client("sqs").delete_queue(QueueUrl=cloud.client("sqs").get_queue_url(QueueName="control")["QueueUrl"])
    cloud.client("sagemaker").delete_model_package_group(ModelPackageGroupName="control")


def _assert_unharmed(cloud: Cloud, tally: Tally, attacks: str) -> None:
    harm = cloud.harm()
    tally.add("harm in the cloud", f"{attacks}: {harm}", bool(harm))
    assert harm == []
