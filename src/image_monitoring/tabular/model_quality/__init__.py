"""The quality of a model's predictions: metrics of three problem types, and thresholds for them."""
