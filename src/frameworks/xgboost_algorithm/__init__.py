"""AWS's built-in algorithm XGBoost: an XGBoost image without a user's program.

Source: sagemaker_xgboost_container, its folder algorithm_mode, and sagemaker_algorithm_toolkit.
"""
