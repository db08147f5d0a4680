"""Model Monitor: job definitions, schedules that fire, executions with their processing jobs, and alerts.

Path of one execution:

    scheduler         a thread that knows when each schedule is due; a due schedule fires
    schedules         in one transaction, the schedule gets its next time, and the store a Pending execution
    executions        starts the execution's thread; takes up those that an earlier emulator left
    run               one execution to its end, in that thread
      job             what the definition says, the same for all types and for definitions inside the schedule
      captured_data   finds the hours of the window that have captured data, in S3
      processing_requests   writes the requests of the processing jobs: the merge with ground truth, then the analysis
      (processing)    runs them, as any CreateProcessingJob, and publishes the metrics that the container leaves
    executions        records the end by the job's status and exit message, and evaluates the schedule's alert

A processing job has a name that follows from its execution, so an execution that is taken up after `kill -9` finds the
job that it began. If that job died with the emulator, the next one has another number, and the execution goes on.
`schedule_expressions` and `windows` are the pure rules of time, and the clock comes from outside.
"""
