"""The baseline, the tests against it, and the model's quality against ground truth."""
