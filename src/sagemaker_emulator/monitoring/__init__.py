"""Model Monitor: job definitions, schedules that fire, executions with their processing jobs, and alerts.

Path of one execution:

    scheduler         a thread that knows when each schedule is due; a due schedule fires
    schedules         in one transaction, the schedule gets its next time, and the store a Pending execution
    executions        starts the execution's thread; after a restart, continues executions that were under way
    run               runs one execution to its end, in that thread
      job             the definition as one value, for all types and for definitions inside the schedule
      captured_data   finds the hours of the window that have captured data, in S3
      processing_requests   writes the requests of the processing jobs: the merge with ground truth, then the analysis
      (processing)    runs them, as any CreateProcessingJob, and publishes the metrics that the container leaves
    executions        records the end by the job's status and exit message, and evaluates the schedule's alert

The name of a processing job is derived from its execution, so an execution that continues after `kill -9` finds the job
that it began. If that job died with the emulator, another one with another name follows, and the execution continues.
`schedule_expressions` and `windows` have the rules of time as pure functions; the caller passes the clock.
"""
