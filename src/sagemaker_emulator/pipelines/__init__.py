"""SageMaker Pipelines: definitions, versions and executions, whose steps run through the emulator's own services.

The path of one execution leads only downwards:

    operations/model_building/    translates requests
    executions.py    PipelineExecutions: start, stop, retry; one record and one thread for each execution
    run.py           ExecutionRun, the thread: begin steps, follow those under way, end the execution
    steps/           Action: one class for each type of step; it begins, looks and stops, and never waits
    training, processing, transform, tuning, hosting, registry, Lambda, SQS    do the work

Beside the path stand `pipelines.py` (pipelines and their versions), `step_records.py` (the record of each step),
`scope.py` (the values that expressions refer to), `attempts.py` (names, retries and reasons of attempts),
`selection.py` (selective execution) and `descriptions.py` (the answers of Describe and List, and the events).
`definitions/` parses and evaluates; it does no I/O.

Threads. An execution has one thread, from its start or retry to its end. It polls its steps, so parallel branches need
no threads of their own; only the invocation of a Lambda function has one, because the call lasts as long as the
function. The threads are JobThreads, as for jobs: a stop and the end of the emulator set events of the run's Halt,
which the thread checks between two polls.

Records. The store has a PipelineExecution, and for each step that has begun a StepExecution. A step's record is changed
by the thread of its execution, by the operations that answer a callback, and by a retry, which begins before the
thread does. Each change is a transaction, so no change overwrites another. The execution's record is changed by
operations (stop, retry, update) and, at its end, by its thread.

Invariants. An attempt creates a job, a model, a version or a message. Its name or token is stored before it is
created, and each action looks for that name first. So an execution that continues after kill -9 creates
nothing twice; only a callback's message may be sent again, with the same token. A step that has succeeded never runs
again in the same execution. A job that ended because the emulator went down is run again in a new attempt; a Lambda
function is not, because the emulator cannot know how far it got. When a step has failed, the steps under way run to
their ends and no other begins. resources/model_building/execution.py has the legal changes of a status.
"""
