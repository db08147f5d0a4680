"""Filters, sorting and pagination of every List operation, over a store in a file."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.storage.listing import in_json, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

JOBS = [
    # name, created, modified, status
    ("alpha", 100.0, 900.0, JobStatus.COMPLETED),
    ("beta", 200.0, 800.0, JobStatus.FAILED),
    ("beta-2", 200.0, 700.0, JobStatus.COMPLETED),
    ("gamma", 300.0, 600.0, JobStatus.IN_PROGRESS),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store") / "state.db")
    for name, created, modified, status in JOBS:
        store.add(TransformJob(name, f"arn:{name}", {"Side": name[:1]}, created, modified, status))
    yield store
    store.close()


def names(store: Store, **request: Any) -> list[str]:
    return [job.name for job in page(store, TransformJob, request).resources]


def all_pages(store: Store, **request: Any) -> list[list[str]]:
    one = page(store, TransformJob, request)
    names = [job.name for job in one.resources]
    return [names, *(all_pages(store, **{**request, "NextToken": one.next_token}) if one.next_token else [])]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["gamma", "beta-2", "beta", "alpha"]),
        ({"SortOrder": "Ascending"}, ["alpha", "beta", "beta-2", "gamma"]),
        ({"SortOrder": "Descending"}, ["gamma", "beta-2", "beta", "alpha"]),
        ({"SortBy": "Name", "SortOrder": "Ascending"}, ["alpha", "beta", "beta-2", "gamma"]),
        ({"SortBy": "LastModifiedTime", "SortOrder": "Ascending"}, ["gamma", "beta-2", "beta", "alpha"]),
        ({"SortBy": "Status", "SortOrder": "Ascending"}, ["alpha", "beta-2", "beta", "gamma"]),
        ({"NameContains": "beta"}, ["beta-2", "beta"]),
        ({"NameContains": "BETA"}, []),
        ({"StatusEquals": "Completed"}, ["beta-2", "alpha"]),
        ({"CreationTimeAfter": 200.0}, ["gamma"]),
        ({"CreationTimeBefore": 200.0}, ["alpha"]),
        ({"LastModifiedTimeAfter": 700.0}, ["beta", "alpha"]),
        ({"LastModifiedTimeBefore": 700.0}, ["gamma"]),
        ({"NameContains": "beta", "StatusEquals": "Failed", "CreationTimeAfter": 100.0}, ["beta"]),
        ({"MaxResults": 1}, ["gamma"]),
        ({"MaxResults": 4}, ["gamma", "beta-2", "beta", "alpha"]),
    ],
)
def test_a_listing_is_filtered_and_sorted(store: Store, request_: dict[str, Any], expected: list[str]) -> None:
    assert names(store, **request_) == expected


def test_an_operation_has_its_own_order_and_filters(store: Store) -> None:
    listed = page(
        store, TransformJob, {}, default_sort="Name", descending=False, filters=[in_json("$.request.Side", "b")]
    )
    assert [job.name for job in listed.resources] == ["beta", "beta-2"]
    assert listed.next_token is None


@pytest.mark.parametrize("sort_by", ["CreationTime", "Name", "Status", "LastModifiedTime"])
@pytest.mark.parametrize("sort_order", ["Ascending", "Descending"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_pages_together_are_the_listing(store: Store, sort_by: str, sort_order: str, size: int) -> None:
    pages = all_pages(store, SortBy=sort_by, SortOrder=sort_order, MaxResults=size)
    assert [name for one in pages for name in one] == names(store, SortBy=sort_by, SortOrder=sort_order)
    assert [len(one) for one in pages[:-1]] == [size] * (len(pages) - 1)
    assert pages[-1]


def test_a_page_has_ten_resources_by_default_and_never_over_a_hundred(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    with store.transaction():
        for number in range(102):
            store.add(TransformJob(f"job-{number:03}", f"arn:{number}", {}, 1, 1))
    assert len(names(store)) == 10
    assert len(names(store, MaxResults=500)) == 100
    assert [len(one) for one in all_pages(store, MaxResults=100)] == [100, 2]
    store.close()


def test_a_token_stays_valid_while_resources_are_added(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    for name in ("b", "d"):
        store.add(TransformJob(name, f"arn:{name}", {}, 1, 1))
    asked = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 1}
    token = page(store, TransformJob, asked).next_token
    for name in ("a", "c"):
        store.add(TransformJob(name, f"arn:{name}", {}, 1, 1))
    assert names(store, **{**asked, "MaxResults": 10, "NextToken": token}) == ["c", "d"]
    store.close()


@pytest.mark.parametrize("change", [{"NameContains": "a"}, {"SortBy": "Name"}, {"SortOrder": "Ascending"}])
def test_a_token_belongs_to_its_listing(store: Store, change: dict[str, Any]) -> None:
    token = page(store, TransformJob, {"MaxResults": 1}).next_token
    assert names(store, NextToken=token, MaxResults=2) == ["beta-2", "beta"]
    with pytest.raises(AwsError, match="Invalid pagination token"):
        names(store, NextToken=token, **change)


def test_a_token_belongs_to_its_kind_of_resource(store: Store) -> None:
    token = page(store, TransformJob, {"MaxResults": 1}).next_token
    with pytest.raises(AwsError, match="Invalid pagination token"):
        page(store, ProcessingJob, {"NextToken": token})


def test_a_token_is_valid_for_any_order_of_the_members(store: Store) -> None:
    token = page(store, TransformJob, {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 1}).next_token
    assert names(store, NextToken=token, SortOrder="Ascending", SortBy="Name") == ["beta", "beta-2", "gamma"]


@pytest.mark.parametrize("junk", ["!", "\n", " "])
def test_a_token_with_other_characters_in_it_is_refused(store: Store, junk: str) -> None:
    token = page(store, TransformJob, {"MaxResults": 1}).next_token
    assert token is not None
    with pytest.raises(AwsError, match="Invalid pagination token"):
        names(store, NextToken=f"{token[:8]}{junk}{token[8:]}")


def test_a_kind_without_a_time_of_modification_is_paged_by_its_creation(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.db")
    for number in range(3):
        store.add(Model(f"m-{number}", f"arn:{number}", {}, number))
    first = page(store, Model, {"SortBy": "LastModifiedTime", "MaxResults": 2})
    second = page(store, Model, {"SortBy": "LastModifiedTime", "MaxResults": 2, "NextToken": first.next_token})
    assert [model.name for model in second.resources] == ["m-0"]
    store.close()


@pytest.mark.parametrize("name", ["a?", "aa?", "aaa?", "aaaa?"])
def test_a_token_may_be_put_into_a_url(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / "state.db")
    for one in (name * 9, "z"):
        store.add(TransformJob(one, f"arn:{one}", {}, 1, 1))
    asked = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 1}
    token = page(store, TransformJob, asked).next_token
    assert token is not None
    assert not {*"+/"} & {*token}
    assert names(store, **asked, NextToken=token) == ["z"]
    store.close()


@pytest.mark.parametrize("place", [["a", 1], ["a", None, "name"], ["a", [], "name"], ["a", 1, 2], {}, 7, None])
def test_a_forged_token_is_refused(store: Store, place: object) -> None:
    genuine = page(store, TransformJob, {"MaxResults": 1}).next_token
    assert genuine is not None
    if isinstance(place, list):
        place = [json.loads(base64.urlsafe_b64decode(genuine))[0], *place[1:]]
    token = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    with pytest.raises(AwsError) as refused:
        names(store, NextToken=token)
    assert (refused.value.code, refused.value.message) == (
        "ValidationException",
        "Invalid pagination token given in parameter NextToken",
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(min_size=1, max_size=20))
def test_any_text_that_is_not_a_token_is_refused(store: Store, token: str) -> None:
    with pytest.raises(AwsError, match="Invalid pagination token"):
        names(store, NextToken=token)
