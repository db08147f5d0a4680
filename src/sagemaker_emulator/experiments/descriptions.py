"""Descriptions of experiments, trials and components, as Describe, List and Search have them: pure functions."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.tracking.experiment import Experiment, Source, Trial
from sagemaker_emulator.resources.tracking.metric_summary import MetricSummary
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.wire import present

Description = dict[str, Any]


def describe_experiment(experiment: Experiment) -> Description:
    described = {**_common(experiment), "ExperimentName": experiment.name, "ExperimentArn": experiment.arn}
    return present({**described, "Description": experiment.description, "Source": _source(experiment.source)})


def summarize_experiment(experiment: Experiment) -> Description:
    described = describe_experiment(experiment)
    return present({**described, "ExperimentSource": described.get("Source")})


def describe_trial(trial: Trial) -> Description:
    described = {**_common(trial), "TrialName": trial.name, "TrialArn": trial.arn}
    return present(
        {
            **described,
            "ExperimentName": trial.experiment,
            "Source": _source(trial.source),
            "MetadataProperties": trial.metadata or None,
        }
    )


def summarize_trial(trial: Trial) -> Description:
    described = describe_trial(trial)
    return present({**described, "TrialSource": described.get("Source")})


def describe_trial_component(component: TrialComponent, logged: list[MetricSummary]) -> Description:
    """Return the answer of DescribeTrialComponent. `logged` are the metrics that BatchPutMetrics brought."""
    return present(
        {
            **summarize_trial_component(component),
            "Source": _source(component.source),
            "Sources": [_source(source) for source in component.sources] or None,
            "Parameters": component.parameters,
            "InputArtifacts": component.input_artifacts,
            "OutputArtifacts": component.output_artifacts,
            "MetadataProperties": component.metadata or None,
            "Metrics": [_metric(component, summary) for summary in (*component.metrics, *logged)],
        }
    )


def summarize_trial_component(component: TrialComponent) -> Description:
    status = present({"PrimaryStatus": component.primary_status, "Message": component.status_message})
    return present(
        {
            **_common(component),
            "TrialComponentName": component.name,
            "TrialComponentArn": component.arn,
            "TrialComponentSource": _source(component.source),
            "Status": status or None,
            "StartTime": component.started,
            "EndTime": component.ended,
        }
    )


def _common(entity: Experiment | Trial | TrialComponent) -> Description:
    return {
        "DisplayName": entity.display_name,
        "CreationTime": entity.created,
        "CreatedBy": {},
        "LastModifiedTime": entity.modified,
        "LastModifiedBy": {},
    }


def _source(source: Source | None) -> Description | None:
    return present({"SourceArn": source.arn, "SourceType": source.type}) if source else None


def _metric(component: TrialComponent, summary: MetricSummary) -> Description:
    return {
        "MetricName": summary.name,
        "SourceArn": component.source.arn if component.source else component.arn,
        "TimeStamp": summary.timestamp,
        "Max": summary.maximum,
        "Min": summary.minimum,
        "Last": summary.last,
        "Count": summary.count,
        "Avg": summary.mean,
        "StdDev": summary.deviation,
    }
