"""List operations: pages that stay put while jobs come and go, tokens that belong to one listing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"


@pytest.fixture(scope="module")
def models(sagemaker: Any) -> list[str]:
    names = [f"listed-{number:02d}" for number in range(25)]
    for name in names:
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE})
    return names


def names_of(answer: dict[str, Any]) -> list[str]:
    return [model["ModelName"] for model in answer["Models"]]


def test_a_page_has_ten_jobs_newest_first_by_default(sagemaker: Any, models: list[str]) -> None:
    assert names_of(sagemaker.list_models()) == models[:14:-1]
    assert names_of(sagemaker.list_models(MaxResults=3)) == models[:21:-1]


@pytest.mark.parametrize("sort", ["Name", "CreationTime"])
@pytest.mark.parametrize("order", ["Ascending", "Descending"])
def test_all_pages_together_are_the_whole_listing_in_either_order(
    sagemaker: Any, models: list[str], sort: str, order: str
) -> None:
    pages = sagemaker.get_paginator("list_models").paginate(
        SortBy=sort, SortOrder=order, PaginationConfig={"PageSize": 4}
    )
    names = [name for page in pages for name in names_of(page)]
    assert names == (models if order == "Ascending" else models[::-1])


def test_the_last_page_has_no_token(sagemaker: Any, models: list[str]) -> None:
    assert "NextToken" not in sagemaker.list_models(MaxResults=25)
    assert "NextToken" in sagemaker.list_models(MaxResults=24)


def test_new_jobs_do_not_shift_the_next_page(sagemaker: Any, models: list[str]) -> None:
    first = sagemaker.list_models(NameContains="listed", MaxResults=5)
    sagemaker.create_model(ModelName="listed-late", PrimaryContainer={"Image": IMAGE})
    sagemaker.delete_model(ModelName="listed-late")
    second = sagemaker.list_models(NameContains="listed", MaxResults=5, NextToken=first["NextToken"])
    assert names_of(first) + names_of(second) == models[:14:-1]


def test_the_page_size_may_change_between_pages(sagemaker: Any, models: list[str]) -> None:
    token = sagemaker.list_models(MaxResults=2)["NextToken"]
    assert names_of(sagemaker.list_models(MaxResults=3, NextToken=token)) == models[22:19:-1]


def test_times_filter_on_both_sides(sagemaker: Any, models: list[str]) -> None:
    created = {model["ModelName"]: model["CreationTime"] for model in sagemaker.list_models(MaxResults=25)["Models"]}
    after, before = created[models[4]], created[models[8]]
    page = sagemaker.list_models(CreationTimeAfter=after, CreationTimeBefore=before, SortOrder="Ascending")
    assert set(models[5:8]) <= set(names_of(page)) <= set(models[4:9])


def _forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


DEEP = base64.urlsafe_b64encode(b"[" * 6000).decode()


@pytest.mark.parametrize(
    "token", ["garbage", "", "ÄÖ", "e30=", _forged(), _forged("x", 1, "y"), _forged(None, None, None), "[" * 1000, DEEP]
)
def test_an_invented_token_is_refused(sagemaker: Any, token: str) -> None:
    if not token:
        assert sagemaker.list_models(NextToken=token)["Models"] is not None
        return
    with pytest.raises(ClientError, match=r"Invalid pagination token|validation error") as error:
        sagemaker.list_models(NextToken=token)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_token_of_another_listing_is_refused(sagemaker: Any, models: list[str]) -> None:
    token = sagemaker.list_models(MaxResults=2)["NextToken"]
    for other in ({"SortBy": "Name"}, {"SortOrder": "Ascending"}, {"NameContains": "1"}):
        with pytest.raises(ClientError, match="Invalid pagination token"):
            sagemaker.list_models(NextToken=token, **other)
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.list_endpoints(NextToken=token)


def test_a_token_with_a_number_that_no_listing_has_is_refused(sagemaker: Any, models: list[str]) -> None:
    query, _, name = json.loads(base64.urlsafe_b64decode(sagemaker.list_models(MaxResults=2)["NextToken"]))
    number = base64.urlsafe_b64encode(b"9" * 5000).decode()
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.list_models(NextToken=_forged(query, 1 << 80, name))
    with pytest.raises(ClientError, match="Invalid pagination token"):
        sagemaker.search(Resource="Model", NextToken=number)


def test_a_page_that_is_too_large_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="maxResults"):
        sagemaker.list_models(MaxResults=101)
