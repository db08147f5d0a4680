"""Shared by every job: input channels, pipe mode, threads, and containers that run to their end."""
