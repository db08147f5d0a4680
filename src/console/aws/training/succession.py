"""The succession of models: which training job's model replaced which one at an endpoint."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

from console.aws import endpoints
from console.aws.client import Aws
from console.errors import ConsoleError

CONFIGS_MAX = 20
KEPT_S = 5.0
NAME = r"{}-(?:config|run)-[0-9a-f]+"
"""How the workflow names the configurations of its endpoint: after their content, or after the pipeline's run."""


async def replaced_by(aws: Aws, endpoint: str, job: str) -> str:
    """Return the job whose model was in service at the workflow's endpoint before that of this job.

    Each model comes into service with a new configuration, and the pipeline deletes those that fail. Empty if the model
    never was in service, if it was the first, or if the role may not list configurations.
    """
    try:
        answer = await aws.call(
            "sagemaker",
            "list_endpoint_configs",
            KEPT_S,
            NameContains=endpoint,
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=CONFIGS_MAX,
        )
        own = re.compile(NAME.format(re.escape(endpoint)))
        names = [each["EndpointConfigName"] for each in answer["EndpointConfigs"]]
        configs = [name for name in names if own.fullmatch(name)]
        jobs = await asyncio.gather(*(endpoints.job_of_config(aws, name) for name in configs))
    except ConsoleError:
        return ""
    known = [each for each in jobs if each]
    return next((before for after, before in pairwise(known) if after == job != before), "")
