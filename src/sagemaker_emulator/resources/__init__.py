"""Frozen values with AWS's names. They know which changes of status are legal; none does I/O."""
