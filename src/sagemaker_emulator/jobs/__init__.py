"""Shared by all kinds of jobs: their collection, threads, containers, hosts, and input channels."""
