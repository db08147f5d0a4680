"""The history of an execution of a state machine: visits of states, and the jobs that they started."""
