"""The folder that `scones env` puts on PYTHONPATH. Nothing imports it: Python itself runs its `sitecustomize`."""
