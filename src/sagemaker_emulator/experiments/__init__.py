"""SageMaker Experiments: experiments, their trials, and trial components, of which every job has one.

The path of a request leads downwards:

    operations/experiments/    translates requests
    experiments.py, trials.py, trial_components.py    one collection each: create, update, list, delete
    memberships.py    which components a trial has
    storage

The path of a job: `jobs/job_collection.py` stores a job, or a change of it, and calls JobTracking in the same
transaction. `job_tracking.py` stores the job's trial component, with what `job_components.py` derives from the job, and
adds it to the trial of the job's ExperimentConfig. So a job that was answered has its component, also after kill -9.
"""
