"""Lambda functions as child processes: AWS's runtime client, and the Runtime API on loopback that it asks for work."""
