"""Archives: packed from a directory, unpacked with filters and limits."""
