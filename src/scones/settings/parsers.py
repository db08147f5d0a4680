"""Parsers of the settings' texts. Each raises ValueError with what the text must be."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

TRUE, FALSE = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}
HOUR_S = 3600
# The SageMaker SDK's names for its local mode, which trains and serves in containers on this machine.
LOCAL_MODE_INSTANCE_TYPES = ("local", "local_gpu")


def positive(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text) or int(text) < 1:
        raise ValueError("a whole number of at least 1")
    return int(text)


def up_to_an_hour(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > HOUR_S:
        raise ValueError(f"a whole number of seconds from 0 to {HOUR_S}")
    return int(text)


def boolean(text: str) -> bool:
    """Parse yes or no, in the spellings of TOML, make and people."""
    if (word := text.lower()) not in TRUE | FALSE:
        raise ValueError("yes or no")
    return word in TRUE


def share(text: str) -> float:
    if not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", text) or not 0 <= float(text) <= 1:
        raise ValueError("a number from 0 to 1")
    return float(text)


def percentage(text: str) -> float:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) or float(text) > 100:
        raise ValueError("a number from 0 to 100")
    return float(text)


def names(text: str) -> tuple[str, ...]:
    """Parse `bicycle,motorcycle`: fine labels in CIFAR-100's spelling."""
    labels = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[a-z][a-z_]*", label) for label in labels) or len(set(labels)) < len(labels):
        raise ValueError("CIFAR-100's fine labels, each once, such as bicycle,motorcycle,pickup_truck")
    return labels


def matching(pattern: str, meaning: str) -> Callable[[str], str]:
    """Return a parser for text that matches the pattern. The meaning describes it in the error."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(meaning)
        return text

    return parse


def path(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except RuntimeError as error:
        raise ValueError("a path; the user after its ~ does not exist") from error


PAIRS = "pairs such as 'epochs=20 optimizer=adam'"


def pairs(text: str) -> Mapping[str, str]:
    """Parse `epochs=20 optimizer=adam`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{PAIRS} ({error})") from error
    if any(not re.fullmatch(r"\w+=.+", word) for word in words):
        raise ValueError(PAIRS)
    return dict(word.split("=", 1) for word in words)


INSTANCE_TYPE = matching(
    rf"ml\.[a-z0-9-]+\.[a-z0-9]+|{'|'.join(LOCAL_MODE_INSTANCE_TYPES)}",
    "an instance type such as ml.m5.xlarge, or local for the SageMaker SDK's local mode",
)
NAME = matching(r"[a-zA-Z][-a-zA-Z0-9]{0,62}", "letters, digits and hyphens, beginning with a letter, at most 63")
BUCKET = matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name: 3 to 63 of a-z, 0-9, dot and hyphen")
ENDPOINT_NAME = matching(r"[a-z0-9](-*[a-z0-9]){0,39}", "lower-case letters, digits and inner hyphens, at most 40")
SCHEDULE = matching(
    r"off|rate\([1-9][0-9]* (minutes?|hours?|days?)\)|cron\([^()]+\)",
    "off, or a schedule of EventBridge such as rate(1 hour) or cron(0 6 * * ? *)",
)
EMAIL = matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")
ROLE = matching(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", "a role's ARN, arn:aws:iam::<account>:role/<name>")
