"""The toolkit's public modules. AWS's examples import more of them than they use: those are None."""

from . import content_types, encoders, worker

env = errors = files = functions = mapping = modules = params = server = trainer = transformer = None

__all__ = ["content_types", "encoders", "worker"]
