"""Frozen values named and spelt as AWS names them. Each knows its legal moves; none does I/O."""
