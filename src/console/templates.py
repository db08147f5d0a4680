"""The environment of the templates: everything is escaped, and figures are written by `display`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from console.aws.logs import group_address
from display import colors, figures

NAME_MAX, NAME_START, NAME_END = 36, 13, 12
WORDS = {"NEEDS_REVIEW": "sent to review"}
"""What pages write for a status that is their own."""
AGE = Markup('<time datetime="{}" data-age>{}</time>')
ISO_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


def environment(asset: Callable[[str], str]) -> Environment:
    """Return the environment. `asset` returns the address of a static file by its name."""
    templates = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters |= {
        "count": figures.count,
        "number": figures.number,
        "duration": figures.duration,
        "size": figures.size,
        "tone": colors.status_tone,
        "word": lambda status: WORDS.get(status, status),
        "class_tone": colors.class_tone,
        "moment": moment,
        "ages": ages,
        "p_value": figures.p_value,
        "iso": iso,
        "short_name": short_name,
        "svg": Markup,
    }
    templates.globals |= {
        "asset": asset,
        "share": figures.share,
        "log_page": group_address,
        "marker": lambda index: colors.marker_path(index, 0, 0, 4),
    }
    templates.globals["ui"] = templates.get_template("parts.html").module
    return templates


def short_name(name: str) -> str:
    """Return a name; of a long one, such as the two UUIDs of an execution that an event started, both ends."""
    return name if len(name) <= NAME_MAX else f"{name[:NAME_START]}…{name[-NAME_END:]}"


def moment(time: datetime | None) -> str:
    """Return a time as `27 Nov 09:30:12`, in UTC."""
    return figures.NONE if time is None else f"{time.astimezone(UTC):%d %b %H:%M:%S}"


def ages(text: str) -> Markup:
    """Return a text whose times in ISO 8601, as programs write them, are elements that a page shows as ages.

    A time that is still to come, or that names no time zone, stays as it is.
    """
    parts: list[str | Markup] = []
    end = 0
    for match in ISO_TIME.finditer(text):
        time = _time(match[0])
        if time is None or time > datetime.now(UTC):
            continue
        parts += [text[end : match.start()], AGE.format(iso(time), moment(time))]
        end = match.end()
    return Markup("").join([*parts, text[end:]])


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # the 31st of February


def iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
