"""Classification: test images, one key or a whole batch through the state machine."""
