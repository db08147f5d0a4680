"""What AWS's TensorFlow container is for its clients: TensorFlow Serving's REST API, over SavedModels."""
