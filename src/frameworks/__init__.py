"""The programs of AWS's framework containers: they train a user's script, and serve its model.

`python -m frameworks FRAMEWORK train|serve` takes the place of the programs in AWS's images for scikit-learn, PyTorch,
TensorFlow, Hugging Face and XGBoost. It runs in an environment of that framework, in any Python from 3.9.
"""
