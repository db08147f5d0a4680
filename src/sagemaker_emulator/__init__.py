"""SageMaker over its real wire protocol, running real containers.

One request goes wire → operations → service → resources and store → engine, and never back up.
"""
