from scones.settings import PROJECT
from scones.settings_page import page


def test_the_page_of_settings_is_the_code() -> None:
    command = "python -m scones.settings_page > docs/settings.md"
    assert (PROJECT / "docs" / "settings.md").read_text() == page(), f"run `{command}`"
