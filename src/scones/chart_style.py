"""Colors and axes that all charts share."""

from matplotlib.axes import Axes

INK, MUTED, GRID, PAPER = "#1f2933", "#7b8794", "#e4e7eb", "#ffffff"
TEAL, RED, AMBER = "#0b7a75", "#d1495b", "#c77700"
DPI = 160


def style(axes: Axes) -> None:
    """Remove the frame except the bottom line, and put ticks and labels in the background."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=MUTED, length=0, labelsize=11)
    axes.set_axisbelow(True)
