from scones.settings import PROJECT
from scones.settings.page import page


def test_docs_settings_is_up_to_date() -> None:
    command = "python -m scones.settings.page > docs/settings.md"
    assert (PROJECT / "docs" / "settings.md").read_text() == page(), f"run `{command}`"
