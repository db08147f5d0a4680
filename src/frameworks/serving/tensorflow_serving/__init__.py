"""TensorFlow Serving's REST API over SavedModels, as clients of AWS's TensorFlow container know it."""
