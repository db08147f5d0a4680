"""What is saved of each service, and how it comes back."""
