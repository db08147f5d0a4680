"""State machines as graphs: read from the Amazon States Language, laid out in layers, drawn as SVG."""
