"""Classification: send test images, the image under one S3 key, or a whole batch through the state machine."""
