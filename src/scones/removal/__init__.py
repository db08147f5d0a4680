"""Removal: delete what the other steps created, and nothing else."""
