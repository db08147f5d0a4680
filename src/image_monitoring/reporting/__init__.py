"""The results of an analysis: documents for programs, metrics for CloudWatch, sentences for people."""
