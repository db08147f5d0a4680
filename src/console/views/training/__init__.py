"""Training jobs: the list, one job with its curves and its log, and the comparison of many."""
