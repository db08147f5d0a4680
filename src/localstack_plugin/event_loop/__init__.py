"""One thread that runs many pieces of work in turn, each until it waits (ADR 25).

Threads that have little to do between two waits cost more than their work: each has to get Python's lock when its wait
ends, and with fifty of them the lock changes hands 85 times in an execution of three functions. Here they are greenlets
of one thread. A greenlet is code as a thread runs it, with a stack of its own; only where it waits, it lets the others
run.

What may run here: work that never blocks its thread. It waits by `waits` only, and lets a thread do what might block
(`waits.in_a_thread`). Today this is

- executions of state machines that have only states without a wait of their own and `lambda:invoke` tasks
  (`stepfunctions.executions.plain_machines`), with their invocations (`lambda_executor`);
- requests that start, describe and list executions, and those for small objects of S3 (`gateway.quick_requests`).

All other requests and executions have threads, as before.

`loop` is the thread with its greenlets, `waits` what code uses that may run in a greenlet or in a thread of its own.
`readers_writer_lock` and `small_files` are what LocalStack's S3 needs to read an object here.

Invariants:

- Nobody holds a lock while a greenlet waits, unless only threads compete for it: the loop's thread would wait for
  itself.
- A greenlet is resumed by the loop's thread only, at most once for each wait.
"""
