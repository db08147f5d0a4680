import json
import tempfile
from pathlib import Path
from typing import Any

from localstack_plugin.s3.event_keys import with_plain_key
from localstack_plugin.s3.object_folder import in_own_folder


def test_an_event_has_the_key_without_url_encoding() -> None:
    def encoded(*arguments: Any, **named: Any) -> dict[str, Any]:
        return {"Source": "aws.s3", "Detail": json.dumps({"object": {"key": "a%20b%2Bc/%C3%BC", "size": 1}})}

    event = with_plain_key(encoded)("context", version="0")
    assert event["Source"] == "aws.s3"
    assert json.loads(event["Detail"]) == {"object": {"key": "a b+c/ü", "size": 1}}


def test_objects_are_kept_in_the_temporary_folder_of_the_process() -> None:
    folders: list[str] = []
    in_own_folder(lambda store, folder: folders.append(folder))(object(), "/shared")
    assert folders == [str(Path(tempfile.gettempdir(), "s3"))]
