"""Parts that sections of the report's page have in common: figures, charts with a caption, tables, pictures."""

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

CHART, WIDE_CHART = (520.0, 300.0), 1072.0
"""The size of a chart, and the width of one as wide as the page: two charts and the gap between them. A narrow page has
room for the first size only, so what is wide is drawn in both."""
CURVE_TONES = ("busy", "class-6")
"""Blue and yellow: any color vision tells them apart, in light, in dark and on paper."""

Figure = tuple[str, object, str]
"""A name, a value, and a note."""


def figures_row(shown: Sequence[Figure]) -> str:
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>" for name, value, note in shown)
    return f'<dl class="figures">{cells}</dl>' if cells else ""


def charts(drawn: Sequence[str]) -> str:
    return f'<div class="charts">{"".join(drawn)}</div>' if any(drawn) else ""


def captioned(title: str, note: str, chart: str, kind: str = "", below: str = "") -> str:
    """Return a chart with its title, a note beside the title, and a remark below the chart."""
    mark = f' class="{kind}"' if kind else ""
    remark = f"<small>{below}</small>" if below else ""
    return f"<figure{mark}><figcaption><b>{title}</b>{note}</figcaption>{chart}{remark}</figure>"


def line_key(name: str, tone: str) -> str:
    return f'<span class="key line tone-{tone}">{name}</span>'


def data_uri(data: bytes) -> str:
    kind = "jpeg" if data.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def breakable(name: str) -> str:
    """Return a name, escaped, that a narrow column breaks at its separators."""
    return re.sub(r"([/_])", r"\1<wbr>", escape(name))


def table(title: str, rows: Mapping[str, object]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows.items())
    return f'<section class="whole"><h3>{title}</h3><table class="pairs">{cells}</table></section>' if cells else ""
