"""How the jobs of a comparison are read: many by Search, few one by one, each once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.console.doubles import NOW, Session, error
from tests.unit.console.doubles import job as described

from console.aws.client import Aws
from console.aws.training.comparison import FEW, JOBS_MAX, SEARCHED_AT_ONCE, ComparedJobs, Comparison

BUDGET_S = 0.4


class Account(Session):
    """An account with many jobs, a second apart. `unsearchable` is how many of the newest Search does not have yet."""

    def __init__(self, jobs: int, unsearchable: int = 0) -> None:
        self.created = {f"job-{number}": NOW + timedelta(seconds=number) for number in range(jobs)}
        self.searchable = jobs - unsearchable
        answers = {
            "sagemaker.list_training_jobs": self.names,
            "sagemaker.search": self.search,
            "sagemaker.describe_training_job": lambda TrainingJobName: self.job(TrainingJobName),  # noqa: N803
        }
        super().__init__(answers)

    def job(self, name: str) -> dict[str, Any]:
        return described(name, CreationTime=self.created[name], HyperParameters={"epochs": name})

    def names(self, MaxResults: int, NextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803
        start, newest = int(NextToken), list(reversed(self.created))
        rows = [
            {"TrainingJobName": name, "TrainingJobStatus": "Completed", "CreationTime": self.created[name]}
            for name in newest[start : start + MaxResults]
        ]
        more = {"NextToken": str(start + MaxResults)} if start + MaxResults < len(newest) else {}
        return {"TrainingJobSummaries": rows, **more}

    def search(self, SearchExpression: Any, MaxResults: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        (until,) = (each["Value"] for each in SearchExpression["Filters"] if each["Name"] == "CreationTime")
        last = datetime.fromisoformat(until).replace(tzinfo=UTC)
        known = [name for name in list(self.created)[: self.searchable] if self.created[name] <= last]
        return {"Results": [{"TrainingJob": self.job(name)} for name in reversed(known[-MaxResults:])]}


def read_all(session: Session, jobs: ComparedJobs, name: str = "") -> Comparison:
    """Compare until everything has been read, as a page's stream does."""

    async def repeat() -> Comparison:
        while True:
            comparison = await jobs.compare(aws, BUDGET_S, name)
            if len(comparison.jobs) == comparison.listed:
                return comparison

    aws = Aws(session)
    try:
        return asyncio.run(repeat())
    finally:
        aws.close()


def test_a_thousand_jobs_are_read_by_a_few_searches() -> None:
    account = Account(JOBS_MAX)
    comparison = read_all(account, ComparedJobs())
    assert [job.name for job in comparison.jobs] == list(reversed(account.created))
    assert all(job.hyperparameters == {"epochs": job.name} for job in comparison.jobs)
    assert len(account.asked("sagemaker.search")) <= 2 * JOBS_MAX / SEARCHED_AT_ONCE
    assert len(account.asked("sagemaker.describe_training_job")) <= FEW


def test_jobs_that_were_read_are_not_searched_again() -> None:
    account, jobs = Account(60), ComparedJobs()
    read_all(account, jobs)
    account.calls.clear()
    assert len(read_all(account, jobs).jobs) == 60
    assert {name for name, _ in account.calls} <= {"sagemaker.list_training_jobs"}


def test_a_few_jobs_are_described_one_by_one() -> None:
    account = Account(FEW)
    read_all(account, ComparedJobs())
    assert len(account.asked("sagemaker.describe_training_job")) == FEW
    assert not account.asked("sagemaker.search")


def test_a_job_that_search_does_not_have_yet_is_described() -> None:
    account = Account(60, unsearchable=3)
    assert len(read_all(account, ComparedJobs()).jobs) == 60


def test_a_role_that_may_not_search_reads_all_jobs_one_by_one() -> None:
    account = Account(60)
    account.answers["sagemaker.search"] = error("AccessDeniedException", "not authorized: sagemaker:Search")
    assert len(read_all(account, ComparedJobs()).jobs) == 60
    assert len(account.asked("sagemaker.describe_training_job")) == 60
    assert len(account.asked("sagemaker.search")) == 1


def test_only_jobs_with_the_name_are_searched() -> None:
    account = Account(60)
    read_all(account, ComparedJobs(), "job-")
    contains = {"Name": "TrainingJobName", "Operator": "Contains", "Value": "job-"}
    assert contains in account.asked("sagemaker.search")[0]["SearchExpression"]["Filters"]
