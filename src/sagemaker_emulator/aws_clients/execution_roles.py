"""Roles that requests pass to SageMaker: refused as AWS refuses them, where IAM can tell.

A role of the account must exist and trust SageMaker. AWS refuses a role of another account, too; here it is accepted by
default, because scripts and notebooks from elsewhere name roles of their authors' accounts, and its keys are those of
the role of the same name in this account. For the same reason some names are placeholders, which are not looked for.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_emulator.errors import access_denied, validation
from sagemaker_emulator.settings import ALL, OFF, OWN

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)")
PRINCIPAL = "sagemaker.amazonaws.com"
KEPT_S = 60.0  # IAM itself needs some seconds to spread a change
ON_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoleCheck:
    """`which` is one of ROLE_CHECKS. Unless it is ALL, a role of the account may be missing if it is a placeholder."""

    which: str = OWN
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExecutionRoles:
    """`iam` and `s3` return clients, which are created at the first request."""

    account_id: str
    check: RoleCheck
    iam: Callable[[], Any]
    s3: Callable[[], Any]
    _usable: dict[str, float] = field(default_factory=dict)  # by ARN: when IAM said so
    _noted: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def require(self, role_arn: str | None) -> None:
        """Raise AWS's error for a role that SageMaker cannot assume. A request may have none."""
        if not role_arn or self.check.which == OFF or not (match := ROLE_ARN.fullmatch(role_arn)):
            return
        account_id, name = match.groups()
        if account_id != self.account_id:
            self._accept_from_elsewhere(role_arn)
        elif name in self.check.placeholders and self.check.which == OWN:
            self._note(f"the role {role_arn} is a placeholder and not checked; AWS would look for it")
        elif time.monotonic() - self._usable.get(role_arn, -KEPT_S) >= KEPT_S:
            self._require_own(role_arn, name)
            self._usable[role_arn] = time.monotonic()

    def _accept_from_elsewhere(self, role_arn: str) -> None:
        if self.check.which == ALL:
            raise access_denied("Cross-account pass role is not allowed.")
        self._note(f"the role {role_arn} is of another account and not checked; AWS would refuse it")

    def _require_own(self, role_arn: str, name: str) -> None:
        if not self._iam_is_of_the_cloud():
            return None
        try:
            role = self.iam().get_role(RoleName=name)["Role"]
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchEntity":
                return self._note(f"roles are not checked: {error}")
            role = {}
        except BotoCoreError as error:
            return self._note(f"roles are not checked: {error}")
        is_it = str(role.get("Arn", "")).partition(":role/")[2] == role_arn.partition(":role/")[2]
        if not is_it or not trusts_sagemaker(role.get("AssumeRolePolicyDocument", {})):
            raise validation(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                f"'{PRINCIPAL}' to assume the role."
            )
        return None

    def _iam_is_of_the_cloud(self) -> bool:
        """Return whether IAM is where S3 is: with a local S3 alone, the real IAM would get the local keys."""
        iam, s3 = ((urlsplit(str(client().meta.endpoint_url)).hostname or "") for client in (self.iam, self.s3))
        return iam.endswith(ON_AWS) == s3.endswith(ON_AWS)

    def _note(self, text: str) -> None:
        with self._lock:
            if text not in self._noted:
                self._noted.add(text)
                log.warning("%s", text)


def trusts_sagemaker(policy: Mapping[str, Any]) -> bool:
    """Return whether a trust policy lets SageMaker assume the role. Conditions are not evaluated."""
    statements = _listed(policy.get("Statement"))
    return any(
        statement.get("Effect") == "Allow"
        and any(action in ("sts:AssumeRole", "sts:*", "*") for action in _listed(statement.get("Action")))
        and _names_sagemaker(statement.get("Principal"))
        for statement in statements
        if isinstance(statement, Mapping)
    )


def _names_sagemaker(principal: object) -> bool:
    if isinstance(principal, Mapping):
        return PRINCIPAL in _listed(principal.get("Service"))
    return principal == "*"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
