"""The AWS configuration of a shell: the user's own profiles and the kit's.

AWS's SDKs read only one configuration file. If it had only the kit's profiles, `AWS_PROFILE=prod` would not work in the
same shell, so it also has a copy of the user's. The kit's profiles assume a role, as on a SageMaker notebook instance:
SDKs call AssumeRole, and `sagemaker.get_execution_role()` has a role to return. The LocalStack plugin creates the role
(`localstack_plugin/iam`).
"""

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from local_cloud.aws_environment import is_own_config, kit_config, shell_config, shell_folder
from local_cloud.settings import Settings
from safety.private_files import close_folder, private_umask

KEYS = "aws_access_key_id = test\naws_secret_access_key = test\n"
SOURCE = "local-keys"
ROLE = f"""\
role_arn = arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-local
role_session_name = SageMaker
source_profile = {SOURCE}
"""
OWN_SECTIONS = frozenset({"profile local", "profile local-mode", f"profile {SOURCE}", "services local"})
OWN_PROFILES = frozenset(name.removeprefix("profile ") for name in OWN_SECTIONS if name.startswith("profile "))
SECTION = re.compile(r"^[ \t]*\[[ \t]*([^\]]*?)[ \t]*\]", re.MULTILINE)


def write_shell_config(settings: Settings, environment: Mapping[str, str]) -> None:
    """Write the configuration. `environment` is the user's, in which AWS_CONFIG_FILE may name a file."""
    own = kit_config(settings).replace(KEYS, ROLE) + f"\n[profile {SOURCE}]\n{KEYS}"
    text = f"{_users_config(settings, environment)}\n{own}"
    folder = shell_folder(settings)
    close_folder(settings.state_dir)
    close_folder(folder)
    written = folder / f"aws.config.{os.getpid()}"
    with private_umask():
        written.write_text(text, errors="surrogateescape")
    written.replace(shell_config(settings))  # an SDK may be reading it


def hides_own_profiles(environment: Mapping[str, str]) -> bool:
    """Return whether the user's credentials file has a profile named like one of the kit's, which SDKs would prefer."""
    path = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    return not OWN_PROFILES.isdisjoint(SECTION.findall(_text(path)))


def _users_config(settings: Settings, environment: Mapping[str, str]) -> str:
    path = Path(environment.get("AWS_CONFIG_FILE") or "~/.aws/config").expanduser()
    if is_own_config(settings, path):
        return ""
    text = _text(path)
    starts = [match.start() for match in SECTION.finditer(text)]
    sections = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    return "".join(section for section in sections if not _is_ours(section))


def _is_ours(section: str) -> bool:
    name = SECTION.findall(section)[0]
    return " ".join(name.split()).replace('"', "").replace("'", "") in OWN_SECTIONS


def _text(path: Path) -> str:
    """Return a file's text, or an empty text if the file does not exist or cannot be read."""
    try:
        return path.read_text(errors="surrogateescape")
    except OSError:
        return ""
