"""What passes between a client and a model: requests, responses, and the formats of their bodies."""
