"""SageMaker Pipelines: definitions, versions and executions, whose steps really run through the emulator's services.

The path of one execution goes down, and never back up:

    operations/pipelines.py, pipeline_executions.py    translate requests
    executions.py    PipelineExecutions: start, stop, retry; one record and one thread for each execution
    run.py           ExecutionRun, the thread: which steps begin, how far the others are, when it is over
    steps/           Action: one class for each type of step; begins, looks and stops, and never waits
    training, processing, transform, tuning, hosting, registry, Lambda, SQS    do the work

Beside the path stand `pipelines.py` (pipelines and their versions), `step_records.py` (what is known of each step),
`scope.py` (the values that expressions refer to), `attempts.py` (names, retries and reasons of attempts),
`selection.py` (selective execution) and `descriptions.py` (what Describe, List and events show). `definitions/` parses
and evaluates; it does no I/O.

Threads. An execution has one thread, from its start or retry to its end. It polls its steps, so parallel branches need
no threads of their own; only the invocation of a Lambda function has one, because it is a call that lasts. The threads
are JobThreads, as for jobs: a stop and the end of the emulator set events of the run's Halt, which the thread looks at
between two polls.

Records. The store has a PipelineExecution, and for each step that has begun a StepExecution. A step's record is changed
by the thread of its execution, and by one operation, which puts the answer to a callback into it; both change it in a
transaction, so that neither overwrites the other. The execution's record is changed by operations (stop, retry, update)
and, at its end, by its thread.

Invariants. The name of what an attempt creates (a job, a model; the token of a version or of a message) is stored
before it is created, and each action looks for that name first. So an execution that continues after kill -9 creates
nothing twice. A step that has succeeded never runs again in the same execution. A job that ended because the emulator
went down is made again, in a new attempt; a Lambda function is not, because nobody knows how far it came. When a step
has failed, the steps under way run to their ends and no other begins. A status can only change as
resources/model_building/execution.py says.
"""
