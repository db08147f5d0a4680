"""What an analysis leaves: documents for programs, metrics for CloudWatch, sentences for people."""
