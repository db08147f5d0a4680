import json
from pathlib import Path
from typing import Any

import pytest

from localstack_plugin.persistence.changes import Changes, changes_state
from localstack_plugin.persistence.graph.document import DocumentError
from localstack_plugin.persistence.state_folder import FORMAT, LogFile, StateFolder, cut_incomplete_line


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "current")
    folder.create()
    return folder


def documents(folder: StateFolder) -> dict[str, Any]:
    return {service: folder.document(name) for service, name in folder.manifest().items()}


def manifest(folder: StateFolder, content: Any) -> None:
    (folder.path / "manifest.json").write_text(json.dumps(content))


def test_a_save_keeps_the_documents_of_other_services(folder: StateFolder) -> None:
    folder.write({"s3": [1], "sqs": [2]})
    folder.write({"sqs": [3]})
    assert documents(folder) == {"s3": [1], "sqs": [3]}


def test_a_save_removes_the_documents_that_it_replaces(folder: StateFolder) -> None:
    for content in range(3):
        folder.write({"s3": content})
    assert [file.name for file in (folder.path / "services").iterdir()] == ["s3-3.json"]


def test_a_save_that_is_interrupted_changes_nothing(folder: StateFolder) -> None:
    folder.write({"s3": "before"})
    (folder.path / "services" / "s3-2.json").write_text("half a docu")
    (folder.path / "manifest.new").write_text("{")
    assert documents(folder) == {"s3": "before"}
    folder.write({"s3": "after"})
    assert documents(folder) == {"s3": "after"}


def test_files_are_private(folder: StateFolder) -> None:
    folder.write({"iam": ["secret"]})
    assert {file.stat().st_mode & 0o077 for file in folder.path.rglob("*")} == {0}


def test_a_new_folder_has_no_documents(folder: StateFolder) -> None:
    assert folder.manifest() == {}


@pytest.mark.parametrize("content", [{"format": 1, "services": {}}, {"services": {}}, [], "text", None])
def test_another_format_is_refused(folder: StateFolder, content: Any) -> None:
    manifest(folder, content)
    with pytest.raises(DocumentError, match="format"):
        folder.manifest()


@pytest.mark.parametrize(
    "name", ["../../secret.json", "/etc/passwd", "s3-1.json/../x", "sqs-1.json", "s3-.json", "s3-1.json\n", 1, None]
)
def test_a_document_outside_the_folder_is_refused(folder: StateFolder, name: Any) -> None:
    manifest(folder, {"format": FORMAT, "services": {"s3": name}})
    with pytest.raises(DocumentError, match="cannot be in this folder"):
        folder.manifest()


def test_a_save_keeps_the_log_events_of_the_save_before(folder: StateFolder) -> None:
    folder.write({"logs": 1}, LogFile(3, 20))
    folder.log_path(LogFile(3, 20)).touch()
    folder.write({"s3": 1})
    assert folder.log_file() == LogFile(3, 20)
    assert folder.log_path(LogFile(3, 20)).exists()
    folder.write({"logs": 2}, LogFile(4, 0))
    assert not folder.log_path(LogFile(3, 20)).exists()


@pytest.mark.parametrize(
    "log_events",
    [1, [], {}, {"number": "../1", "size_bytes": 0}, {"number": 1, "size_bytes": -1}, {"number": 1.5, "size_bytes": 1}],
)
def test_log_events_outside_the_folder_are_refused(folder: StateFolder, log_events: Any) -> None:
    manifest(folder, {"format": FORMAT, "services": {}, "log_events": log_events})
    with pytest.raises(DocumentError, match="log events that cannot be in this folder"):
        folder.log_file()


def test_a_state_whose_log_events_are_in_the_document_of_logs_is_read(folder: StateFolder) -> None:
    manifest(folder, {"format": 2, "services": {"logs": "logs-1.json"}})
    assert folder.manifest() == {"logs": "logs-1.json"}
    assert folder.log_file() is None


def test_a_document_that_is_a_link_is_refused(folder: StateFolder, tmp_path: Path) -> None:
    folder.write({"s3": 1})
    (tmp_path / "elsewhere.json").write_text("2")
    document = folder.path / "services" / "s3-1.json"
    document.unlink()
    document.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(DocumentError, match="not a file"):
        documents(folder)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udcff"])
def test_a_damaged_document_is_refused(folder: StateFolder, text: str) -> None:
    folder.write({"s3": 1})
    (folder.path / "services" / "s3-1.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DocumentError):
        documents(folder)


def test_a_state_that_is_set_aside_is_kept(folder: StateFolder) -> None:
    folder.write({"s3": "unreadable"})
    first = folder.set_aside()
    folder.create()
    second = folder.set_aside()
    assert not folder.path.exists()
    assert first != second
    assert documents(StateFolder(first)) == {"s3": "unreadable"}


@pytest.mark.parametrize(("content", "expected"), [("", ""), ("a\nb\n", "a\nb\n"), ("a\nb\n[1,", "a\nb\n"), ("[1", "")])
def test_what_a_failed_save_has_left_of_a_line_is_cut_off(tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "executions.jsonl"
    file.write_text(content)
    cut_incomplete_line(file)
    assert file.read_text() == expected


def test_a_file_that_does_not_exist_has_no_incomplete_line(tmp_path: Path) -> None:
    cut_incomplete_line(tmp_path / "executions.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [("s3", "PutObject"), ("sqs", "SendMessage"), ("iam", "AttachRolePolicy"), ("sts", "AssumeRole")],
)
def test_a_request_that_writes_is_a_change(service: str, operation: str) -> None:
    assert changes_state(service, operation, {})


@pytest.mark.parametrize(
    ("service", "operation"),
    [("s3", "GetObject"), ("s3", "ListBuckets"), ("cloudwatch", "PutMetricData"), ("lambda", "Invoke")],
)
def test_a_request_that_reads_or_writes_elsewhere_is_not_a_change(service: str, operation: str) -> None:
    assert not changes_state(service, operation, {})


def test_polling_an_empty_queue_is_not_a_change() -> None:
    assert not changes_state("sqs", "ReceiveMessage", {})
    assert not changes_state("sqs", "ReceiveMessage", None)
    assert changes_state("sqs", "ReceiveMessage", {"Messages": [{}]})


def test_changes_are_taken_once() -> None:
    changes = Changes()
    assert not changes.wait(0)
    changes.mark("s3")
    changes.mark("s3")
    assert changes.wait(0)
    assert changes.take() == {"s3"}
    assert not changes.wait(0)
