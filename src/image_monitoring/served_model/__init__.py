"""The served model: its files, and its network, run with NumPy."""
