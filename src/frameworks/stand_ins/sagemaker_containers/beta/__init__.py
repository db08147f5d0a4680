"""The part of AWS's `sagemaker-containers` that inference code imports."""
