"""The commands that `scones` has, and the part that each belongs to.

The names and help lines are here, so that `scones --help` and completion answer without importing a part:
importing boto3 alone would take longer than the answer should. A test compares them with the parts' own commands.
"""

from dataclasses import dataclass
from importlib import import_module

import click

LOCAL_CLOUD, WORKFLOW, PAGES, OWN = "The local AWS", "The workflow", "Pages in the browser", "This program"
GROUPS = {LOCAL_CLOUD: "local_cloud.cli:cli", WORKFLOW: "scones.cli:cli", PAGES: "console.cli:cli"}
EMULATOR = "sagemaker_emulator.cli:cli"

COMMANDS = {
    LOCAL_CLOUD: {
        "up": "Start the local AWS, and wait until it is ready.",
        "down": "Stop the local AWS, and everything that it started.",
        "status": "Show each server: state, process, port, memory, log.",
        "env": 'Print the lines that point a shell at the local AWS: eval "$(scones env)".',
        "kernel": "Install a notebook kernel that uses the local AWS: scones kernel install.",
        "notebook": "Open a notebook that uses the local AWS: scones notebook my.ipynb.",
        "snapshot": "Save the state of the local AWS as one file, and load it again: scones snapshot save NAME.",
        "frameworks": "Packages of AWS's framework images: list, install and remove them.",
        "exec": "Run a command that uses the local AWS: scones exec -- python train.py.",
    },
    WORKFLOW: {
        "run": "Run all steps: deploy, stage, train, endpoint, classify, report.",
        "deploy": "Deploy the stack: bucket, role, functions, state machines, queues, alarms and dashboard.",
        "stage": "Get the images, write PNG files and manifests, and put them in the bucket.",
        "train": "Train with SageMaker, following the job's log.",
        "endpoint": "Serve the trained model, capturing all traffic.",
        "classify": "Send test images through the state machine.",
        "classify-batch": "Send all images under PREFIX through the workflow in parallel.",
        "import": "Create the state machines and functions of an export: a file, or all below a folder.",
        "report": "Read all captured records; write a chart, an HTML page and summary.json.",
        "logs": "Show the log of a job, an endpoint, a function, an execution, or a server.",
        "pipeline": "Train, evaluate, and deploy the model if it is good enough.",
        "monitor": "Watch the endpoint for drift: state, runs, baselines, labels from the review queue.",
        "load": "Send test images at a steady rate or in a burst; write figures to out/load.",
        "destroy": "Remove everything that the other commands created in the account.",
    },
    PAGES: {
        "console": "Open the console: web pages that show jobs, endpoints, executions, models and queues.",
    },
    OWN: {
        "completion": "Print the shell code that completes `scones`.",
        "uninstall": "Show everything that the kit has put on this machine, and remove it after asking.",
    },
}


@dataclass(frozen=True)
class Entry:
    """One command of a part."""

    name: str
    group: str
    """The click group that has it, as `module:name`."""

    @property
    def program(self) -> str:
        """The part, whose commands run as `python -m <part> <command>`."""
        return self.group.partition(".")[0]

    def load(self) -> click.Command:
        """Import the part, and return its command."""
        module, _, name = self.group.partition(":")
        group: click.Group = getattr(import_module(module), name)
        return group.commands[self.name]


def local_cloud_commands() -> dict[str, Entry]:
    """Return the commands that run in this process."""
    names = (*COMMANDS[LOCAL_CLOUD], "uninstall")
    return {name: Entry(name, EMULATOR if name == "frameworks" else GROUPS[LOCAL_CLOUD]) for name in names}


def aws_commands() -> dict[str, Entry]:
    """Return the application's steps and the console, each of which needs the AWS of the profile."""
    return {name: Entry(name, GROUPS[section]) for section in (WORKFLOW, PAGES) for name in COMMANDS[section]}
