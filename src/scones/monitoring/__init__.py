"""The monitor: baselines, runs of its state machine, its state, and ground truth from the review queue."""
