"""JSONata, without Java."""
