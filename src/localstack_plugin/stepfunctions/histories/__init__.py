"""The history of an execution: how many events it may have, and how it is read."""
