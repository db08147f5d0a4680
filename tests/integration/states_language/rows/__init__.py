"""The rows of the suite, by topic."""
