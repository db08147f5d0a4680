"""`python -m scones.settings_page > docs/settings.md`: the page is made from the settings themselves."""

import sys

from scones.settings import PROJECT, SETTINGS, Setting

HEAD = """# Settings

Made from the code by `python -m scones.settings_page > docs/settings.md`; a test keeps it true. A setting is the
option of its name, else the variable, else what the target's section of `targets.toml` says, else its default.

| option | variable | default | what |
|---|---|---|---|
"""


def row(setting: Setting) -> str:
    words = setting.help.replace("<", "&lt;")
    default = (setting.default or "").replace(f"{PROJECT}/", "")
    shown = f"`{default}`" if default else ""
    return f"| `--{setting.name.replace('_', '-')}` | `{setting.variable}` | {shown} | {words} |\n"


def page() -> str:
    return HEAD + "".join(row(setting) for setting in SETTINGS)


if __name__ == "__main__":
    sys.stdout.write(page())
