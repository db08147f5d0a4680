"""Colors, figures, charts and graphs that the console and the report share, as text and SVG; no dependencies."""
