"""Print docs/settings.md from the settings themselves: `python -m scones.settings.page > docs/settings.md`."""

import sys

from scones.settings.project import PROJECT
from scones.settings.table import SETTINGS, Setting

HEAD = """# Settings

The command `python -m scones.settings.page > docs/settings.md` writes this page from the code, and a test compares the
two. A setting is taken from its option; without the option from its environment variable; without that from the
target's section of `targets.toml`; and otherwise it has its default.

| option | variable | default | meaning |
|---|---|---|---|
"""


def row(setting: Setting) -> str:
    meaning = setting.help.replace("<", "&lt;")
    default = (setting.default or "").replace(f"{PROJECT}/", "")
    shown = f"`{default}`" if default else ""
    return f"| `--{setting.name.replace('_', '-')}` | `{setting.variable}` | {shown} | {meaning} |\n"


def page() -> str:
    return HEAD + "".join(row(setting) for setting in SETTINGS)


if __name__ == "__main__":
    sys.stdout.write(page())
