"""The resources on disk: one SQLite file, the lock of the state folder, List operations and tags."""
