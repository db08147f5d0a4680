import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localstack_plugin.s3.event_messages import Sequencers, for_event_bridge, for_notifications
from localstack_plugin.s3.object_folder import in_own_folder

CONTEXT = SimpleNamespace(caller="000000000000", sequencer="0F")


def event_bridge_detail(**detail: Any) -> Any:
    entry = {"Source": "aws.s3", "Detail": json.dumps({"object": {"key": "k"}, **detail})}
    event = for_event_bridge(lambda *arguments, **named: entry)(CONTEXT)
    assert event["Source"] == "aws.s3"
    return json.loads(event["Detail"])


def test_an_event_has_the_key_without_url_encoding() -> None:
    detail = event_bridge_detail(object={"key": "a%20b%2Bc/%C3%BC", "size": 1})
    assert detail["object"] == {"key": "a b+c/ü", "size": 1}


@pytest.mark.parametrize(
    ("localstack", "aws"),
    [
        ("s3:ObjectCreated:CompleteMultipartUpload", "CompleteMultipartUpload"),
        ("PostObject", "POST Object"),
        ("PutObject", "PutObject"),
        ("CopyObject", "CopyObject"),
        ("DeleteObject", "DeleteObject"),
    ],
)
def test_an_event_has_the_reason_of_aws(localstack: str, aws: str) -> None:
    assert event_bridge_detail(reason=localstack)["reason"] == aws


def test_an_event_names_the_account_that_asked() -> None:
    assert event_bridge_detail(requester="074255357339")["requester"] == "000000000000"


def test_an_event_has_the_sequencer_of_its_request() -> None:
    assert event_bridge_detail(object={"key": "k", "sequencer": "1"})["object"]["sequencer"] == "0F"
    assert "sequencer" not in event_bridge_detail(object={"key": "k"})["object"]


def test_a_notification_encodes_the_key_as_a_form_does() -> None:
    record = {"s3": {"object": {"key": "a%20b%2Bc/%C3%BC", "sequencer": "1"}}}
    message = for_notifications(lambda *arguments, **named: {"Records": [record]})(CONTEXT, "id")
    assert message["Records"][0]["s3"]["object"] == {"key": "a+b%2Bc/%C3%BC", "sequencer": "0F"}


def test_sequencers_increase_as_text_and_as_numbers() -> None:
    sequencers = Sequencers()
    numbers = [sequencers.next() for _ in range(1000)]
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {18}


def test_objects_are_kept_in_the_temporary_folder_of_the_process() -> None:
    folders: list[str] = []
    in_own_folder(lambda store, folder: folders.append(folder))(object(), "/shared")
    assert folders == [str(Path(tempfile.gettempdir(), "s3"))]
