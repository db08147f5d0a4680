"""The part of AWS's `sagemaker-inference` that scripts import."""
