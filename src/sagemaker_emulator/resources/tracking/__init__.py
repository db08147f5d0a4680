"""Experiments, trials and their components, as frozen values with AWS's names."""
