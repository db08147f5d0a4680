"""Step Functions: SageMaker's integrations, corrections of the interpreter, and work that it is spared."""
