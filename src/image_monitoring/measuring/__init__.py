"""Numbers about images and answers, and a uniform sample of them in constant memory."""
