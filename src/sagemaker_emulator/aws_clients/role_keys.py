"""The AWS variables of containers: the address of the local cloud, and keys of the job's role."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_emulator.resources.scope import Scope

SESSION = "SageMaker"  # as AWS names it in the caller identity
KEPT_S = 900.0  # of the hour that they are valid
ROLE_ACCOUNT = re.compile(r"^(arn:[^:]*:iam::)\d{12}")
ON_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

log = logging.getLogger(__name__)

Keys = dict[str, str]


@dataclass(frozen=True)
class ContainerVariables:
    """`sts` and `s3` return clients, which are created at the first container."""

    scope: Scope
    sts: Callable[[], Any]
    s3: Callable[[], Any]
    _keys: dict[str, tuple[float, Keys]] = field(default_factory=dict)  # by role: when they were asked for
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of_role(self, role_arn: str, isolated: bool) -> dict[str, str]:
        """Return the variables of a container that runs as the role.

        A container on AWS fetches the keys from an address in AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; here they are
        variables, since the address could not be the same in both engines. An isolated container gets none, as on AWS.
        Nor is anything passed on if the emulator itself talks to AWS: containers would reach a real account.
        """
        region = self.scope.region
        variables = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"}
        if isolated:
            return variables
        endpoint, s3_endpoint = (str(client().meta.endpoint_url) for client in (self.sts, self.s3))
        if (urlsplit(endpoint).hostname or "").endswith(ON_AWS):
            return variables
        own = {"AWS_ENDPOINT_URL_S3": s3_endpoint} if s3_endpoint != endpoint else {}
        return {**variables, "AWS_ENDPOINT_URL": endpoint, **own, **self._keys_of(role_arn)}

    def _keys_of(self, role_arn: str) -> Keys:
        """Return keys of the role in this account: those of a role elsewhere would act in the other account."""
        if not role_arn:
            return {}
        role_arn = ROLE_ACCOUNT.sub(rf"\g<1>{self.scope.account_id}", role_arn)
        with self._lock:
            asked, keys = self._keys.get(role_arn, (0.0, {}))
            now = time.monotonic()
            if not keys or now - asked > KEPT_S:
                keys = self._asked(role_arn)
                self._keys[role_arn] = now, keys
            return keys

    def _asked(self, role_arn: str) -> Keys:
        try:
            keys = self.sts().assume_role(RoleArn=role_arn, RoleSessionName=SESSION)["Credentials"]
        except (BotoCoreError, ClientError) as error:
            log.warning("no keys of the role %s for its containers: %s", role_arn, error)
            return {}
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
