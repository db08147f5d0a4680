"""The examples in the documents, as blocks of Markdown.

```sh               run by bash, in the order of the page
```python NAME.py   a file of this name; without a name, a program that is run
```json NAME.json   a file of this name
```text             what the block before it prints; … stands for anything
```                 a drawing

An example that cannot be run beside others has a comment above it that names the test which covers it:
`<!-- tested by tests/wheel/test_installed.py -->`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(
    r"(?:^<!-- tested by (?P<tested_by>\S+) -->\n)?^```(?P<language>\w*) ?(?P<name>\S*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """One block of a page. `line` is that of its first line of text."""

    line: int
    language: str
    name: str
    text: str
    tested_by: str

    @property
    def is_file(self) -> bool:
        return bool(self.name)

    @property
    def is_program(self) -> bool:
        return self.language in ("sh", "python") and not self.is_file


def examples_of(page: str) -> list[Example]:
    """Return the blocks of a page in their order, without drawings."""
    text = (ROOT / page).read_text()
    return [
        Example(
            line=text.count("\n", 0, block.start("text")) + 1,
            language=block["language"],
            name=block["name"],
            text=block["text"],
            tested_by=block["tested_by"] or "",
        )
        for block in BLOCK.finditer(text)
        if block["language"]
    ]


def printed(expected: str) -> re.Pattern[str]:
    """Return a pattern for what an example prints: a line `…` stands for any lines, … in a line for any text."""
    lines = [
        "(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in expected.splitlines()
    ]
    return re.compile("".join(lines))
