"""The toolkit's public modules. Those that AWS's examples import but do not use are None."""

from . import content_types, encoders, worker

env = errors = files = functions = mapping = modules = params = server = trainer = transformer = None

__all__ = ["content_types", "encoders", "worker"]
