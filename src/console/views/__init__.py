"""Functions that load the values that each page's template shows."""
