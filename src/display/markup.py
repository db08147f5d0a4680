"""Elements of SVG and HTML as text. Every attribute and every text is escaped here."""

from html import escape


def text(value: object) -> str:
    """Return the value as escaped text."""
    return escape(str(value), quote=False)


def element(name: str, *children: str, **attributes: object) -> str:
    """Return an element around children that are markup already.

    `class_` means `class`, and other underscores are hyphens: `text_anchor="end"`. Attributes that are None are left
    out; a float has one decimal.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def picture(width: float, height: float, label: str, *children: str, class_: str = "chart") -> str:
    """Return an SVG that scales with its place. `label` tells people who cannot see it what it shows.

    One with links is a group: what is inside an image cannot be reached by keyboard.
    """
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        class_=class_,
        role="group" if any("<a " in child for child in children) else "img",
        aria_label=label,
    )


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)
