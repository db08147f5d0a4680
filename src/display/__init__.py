"""Display code that parts share: one set of colors and figures, charts and state machines as SVG; no dependencies."""
