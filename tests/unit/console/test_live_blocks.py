"""The blocks that live pages send by themselves: without what their templates define outside of them."""

from __future__ import annotations

import pytest
from jinja2 import nodes
from tests.unit.console.conftest import Open

from console.live import FAILED, PREFIX
from console.templates import environment

TEMPLATES = environment(str)


def live_blocks(template: nodes.Template) -> list[nodes.Block]:
    return [block for block in template.find_all(nodes.Block) if block.name.startswith(PREFIX)]


def defined_by(outside: nodes.Node) -> set[str]:
    """Return the names that a template defines at its top, or in blocks that are not live."""
    if isinstance(outside, nodes.Block) and outside.name.startswith(PREFIX):
        return set()
    own = {outside.name} if isinstance(outside, nodes.Macro) else set()
    if isinstance(outside, nodes.Assign):
        own |= {name.name for name in outside.target.find_all(nodes.Name)} | stored(outside)
    return own.union(*map(defined_by, outside.iter_child_nodes()))


def stored(node: nodes.Node) -> set[str]:
    names = {name.name for name in node.find_all(nodes.Name) if name.ctx in ("store", "param")}
    return names | {macro.name for macro in node.find_all(nodes.Macro)}


def loaded(node: nodes.Node) -> set[str]:
    return {name.name for name in node.find_all(nodes.Name) if name.ctx == "load"}


@pytest.mark.parametrize("name", TEMPLATES.list_templates())
def test_a_live_block_needs_nothing_that_its_template_defines_outside(name: str) -> None:
    assert TEMPLATES.loader is not None
    template = TEMPLATES.parse(TEMPLATES.loader.get_source(TEMPLATES, name)[0])
    outside = defined_by(template)
    missing = {block.name: (loaded(block) - stored(block)) & outside for block in live_blocks(template)}
    assert not any(missing.values()), missing


def test_a_page_with_an_error_of_the_console_says_that_it_is_not_current(
    open_console: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = open_console()
    monkeypatch.setattr("console.site.Site.render_blocks", lambda *_: 1 / 0)
    with console.stream("/failures") as events:
        assert next(events)["problem"] == FAILED
