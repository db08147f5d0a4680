"""Inference components: models that share the instances of one endpoint, each with as many copies as it needs.

`host.py` is the variant of such an endpoint. `collection.py` is what operations and the data path use; it keeps the
records and hands what takes time to `copies.py`, which starts, scales, replaces and stops the copies. A copy is an
instance like any other (`hosting/instances.py`), so that requests go to the least busy copy that is ready.
"""
