"""Serverless variants: what AWS refuses for them, and the instances that come with requests and go when idle."""
