"""The program `python -m image_monitoring [merge]`. The variables of the container contract decide what it does.

A job with `baseline_constraints` analyzes a window. A job without it makes a baseline of the held-out images among its
inputs, or of the dataset. `tabular` handles datasets of CSV or JSON, captured or not. `merge` joins captured records
with their ground truth, as Model Monitor's merge container does.
"""

from __future__ import annotations

import sys

from image_monitoring.analysis import analyze
from image_monitoring.baseline import baseline_of_capture, baseline_of_images
from image_monitoring.contract import MESSAGE_MAX, Contract, InputError, MonitoringError
from image_monitoring.reading.capture import Capture, looks_like_images
from image_monitoring.reading.ground_truth import merge, read_ground_truth
from image_monitoring.reporting.explanation import exit_message
from image_monitoring.tabular.analysis import analyze_table
from image_monitoring.tabular.records import CAPTURED

MERGE = "merge"


def main(arguments: list[str]) -> int:
    """Run the job, leave its message, and return the exit code."""
    contract = Contract.from_environment()
    try:
        message = run(contract, arguments)
    except MonitoringError as error:
        leave(contract, f"Error: {error}")
        return 1
    leave(contract, message)
    return 0


def run(contract: Contract, arguments: list[str]) -> str:
    if arguments == [MERGE]:
        return merged(contract)
    if arguments:
        raise InputError(f"the arguments are {arguments}: there may be none, or {MERGE!r}")
    if contract.baseline_inputs.held_out.is_dir() and not contract.variables.get("baseline_constraints"):
        return exit_message(baseline_of_images(contract), has_violations=False)
    if is_for_tables(contract):
        return analyze_table(contract)
    if contract.variables.get("baseline_constraints"):
        return exit_message(*analyze(contract))
    return exit_message(baseline_of_capture(contract), has_violations=False)


def merged(contract: Contract) -> str:
    """Join the records of the window with their ground truth."""
    truth_folder = contract.path("ground_truth_source") or contract.located("/opt/ml/processing/groundtruth")
    truth = read_ground_truth(truth_folder)
    capture = Capture(contract.dataset, contract.time("start_time"), contract.time("end_time"))
    count = merge(capture, truth, contract.output)
    return exit_message(f"{count} records have ground truth, of {len(truth)} labels.", has_violations=False)


def leave(contract: Contract, message: str) -> None:
    """Print the message, and leave it where SageMaker takes the job's ExitMessage from."""
    print(message, flush=True)  # noqa: T201
    contract.message_file.parent.mkdir(parents=True, exist_ok=True)
    contract.message_file.write_text(message[:MESSAGE_MAX], encoding="utf-8")


def is_for_tables(contract: Contract) -> bool:
    """Return whether the dataset is a table: files of CSV or JSON, or captured records without an image as input.

    A record preprocessor script turns any records into a table.
    """
    if contract.variables.get("record_preprocessor_script"):
        return True
    dataset_format = contract.variables.get("dataset_format") or CAPTURED[0]
    if not any(name in dataset_format for name in CAPTURED):
        return True
    has_records = next(Capture(contract.dataset).lines(), None) is not None
    return has_records and not looks_like_images(contract.dataset)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
