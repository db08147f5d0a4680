"""Load generation: send requests at a rate or in a burst, and measure the latency."""
