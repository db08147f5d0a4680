"""Objects as data: JSON documents that contain values, never code."""
