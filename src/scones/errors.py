"""The errors that a user can see. Each has one message, which says what was wrong and what to do, and an exit code."""


class SconesError(Exception):
    """The base of all errors of the application."""

    exit_code = 1


class SettingsError(SconesError):
    """A setting has an invalid value."""


class ArchiveError(SconesError):
    """An archive is malformed, damaged or unsafe to read."""


class UnreachableError(SconesError):
    """The data set's server could not be reached."""


class DownloadError(SconesError):
    """A download began and failed."""


class MissingError(SconesError):
    """The result of an earlier step does not exist."""


class ForeignDataError(SconesError):
    """A file or object has a name of ours but not contents that the application wrote."""


class BucketError(SconesError):
    """A bucket cannot be used."""


class TrainingError(SconesError):
    """A training job did not complete."""


class LocalModeError(SconesError):
    """This machine lacks something that instance type `local` requires."""


class EndpointError(SconesError):
    """The endpoint is not in service."""


class StackError(SconesError):
    """The CloudFormation stack could not be deployed or deleted."""


class ConsentError(SconesError):
    """The user did not agree, or there was no terminal to ask on."""


class ExecutionsError(SconesError):
    """Executions of the state machine failed."""


class PipelineError(SconesError):
    """A pipeline run failed or could not be followed."""


class GateError(SconesError):
    """The pipeline did not deploy the new model because it is not good enough."""

    exit_code = 3


class MonitorError(SconesError):
    """A baseline could not be made, or a run of the monitor failed."""


class DriftError(SconesError):
    """The monitor has found a drift."""

    exit_code = 3


class NothingComparedError(SconesError):
    """The monitor has run, and its window had nothing or too little to compare."""

    exit_code = 4


class CaptureError(SconesError):
    """Captured records cannot be read."""


class ImportedFileError(SconesError):
    """A file cannot be imported."""


class AwsError(SconesError):
    """AWS refused a call or could not be reached."""
