"""A script whose model cannot be loaded."""


def model_fn(model_dir):
    raise ValueError("no such bay")
