"""DescribeLogGroups: pages of groups, by name."""

from typing import Any

from localstack_plugin.lambda_logging.log_groups import GROUPS_MAX, by_pages, described, page_of


class Stream:
    def __init__(self, stored_bytes: int) -> None:
        self.stored_bytes = stored_bytes

    def __deepcopy__(self, memo: object) -> "Stream":
        raise AssertionError("the events of the stream are copied")


class Group:
    def __init__(self, name: str, *sizes: int, retention: str | None = None, key: str | None = None) -> None:
        self.name, self.arn, self.creation_time = name, f"arn:aws:logs:us-east-1:1:log-group:{name}", 7
        self.streams = {str(number): Stream(size) for number, size in enumerate(sizes)}
        self.retention_in_days, self.kms_key_id = retention, key


def groups(*names: str) -> dict[str, Group]:
    return {name: Group(name) for name in names}


def names_in(page: dict[str, Any]) -> list[str]:
    return [group["logGroupName"] for group in page["logGroups"]]


def test_groups_come_by_name() -> None:
    assert names_in(page_of(groups("b", "a"), {})) == ["a", "b"]


def test_a_prefix_and_a_pattern_choose_groups() -> None:
    all_groups = groups("/aws/lambda/a", "/aws/sagemaker/a", "own")
    assert names_in(page_of(all_groups, {"logGroupNamePrefix": "/aws"})) == ["/aws/lambda/a", "/aws/sagemaker/a"]
    assert names_in(page_of(all_groups, {"logGroupNamePattern": "maker"})) == ["/aws/sagemaker/a"]


def test_pages_have_every_group_once() -> None:
    all_groups, pages = groups("a", "b", "c", "d", "e"), []
    token: dict[str, str] = {}
    while True:
        page = page_of(all_groups, {"limit": 2, **token})
        pages.append(names_in(page))
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert pages == [["a", "b"], ["c", "d"], ["e"]]


def test_a_page_has_at_most_fifty_groups() -> None:
    many = groups(*(f"{number:03}" for number in range(120)))
    assert len(page_of(many, {})["logGroups"]) == GROUPS_MAX == 50


def test_a_group_is_described_with_the_size_of_all_its_streams() -> None:
    assert described(Group("a", 3, 4, retention="7", key="key")) == {
        "arn": "arn:aws:logs:us-east-1:1:log-group:a:*",
        "creationTime": 7,
        "logGroupName": "a",
        "metricFilterCount": 0,
        "storedBytes": 7,
        "retentionInDays": "7",
        "kmsKeyId": "key",
    }


def test_localstack_refuses_a_prefix_together_with_a_pattern() -> None:
    describe = by_pages(lambda *_: "refused")
    assert describe(None, None, {"logGroupNamePrefix": "a", "logGroupNamePattern": "b"}) == "refused"


def test_localstack_finds_the_operation_of_the_method_in_its_place() -> None:
    def describe_log_groups(*_: Any) -> None: ...

    describe_log_groups.operation = "DescribeLogGroups"  # type: ignore[attr-defined]
    assert by_pages(describe_log_groups).operation == "DescribeLogGroups"  # type: ignore[attr-defined]
