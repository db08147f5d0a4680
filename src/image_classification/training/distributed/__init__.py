"""Training on several hosts or GPUs: who takes part, how they meet, and what they exchange."""
