"""The container contract, as training and serving share it: files, configuration, log, failures, source, environment.

Sources, unless a module names others: the toolkit `sagemaker-training` 5.1 that AWS's images contain, and the developer
guide's pages on the files below /opt/ml.
"""
