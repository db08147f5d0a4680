"""The program `python -m image_classification train|serve`: the two commands that SageMaker gives to a container."""

import sys

USAGE = "usage: python -m image_classification train|serve"


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    # Each command imports only its own folder: training loads PyTorch for seconds, and serving must never load it.
    if arguments == ["train"]:
        from image_classification.training.command import main as train

        return train()
    if arguments == ["serve"]:
        from image_classification.serving.command import main as serve

        return serve()
    print(USAGE, file=sys.stderr)  # noqa: T201
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
