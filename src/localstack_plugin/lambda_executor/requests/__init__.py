"""What Lambda's API accepts, refuses and answers, where LocalStack differs from AWS."""
