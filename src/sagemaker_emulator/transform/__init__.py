"""Batch transform jobs: files split into payloads, sent to a model, and put together again."""
