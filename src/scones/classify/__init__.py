"""Classification: send test images, objects with given keys, or a whole batch through the state machine."""
