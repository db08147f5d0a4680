"""Application Auto Scaling for the service namespace `sagemaker`.

`service.py` holds the parts together. `targets.py` and `policies.py` are what the operations use: they keep records in
the store. `scaler.py` is the thread that reads the metrics, decides (`decisions.py`, pure arithmetic), and changes the
capacities (`capacities.py`) of endpoints by SageMaker's own operations. `activities.py` records each change.

Time. Application Auto Scaling thinks in minutes: a metric has one value for each, a target is exceeded after three of
them and undershot after fifteen. The setting `scaling_minute_s` says how many seconds such a minute has here; cooldowns
shrink with it. Rates stay true: invocations are always counted per minute of sixty seconds.
"""
