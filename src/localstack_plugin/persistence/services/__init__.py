"""The parts of each service's state that are saved, and how they are restored."""
