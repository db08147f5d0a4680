"""The HTTP server of LocalStack's port: a thread for each connection, and the event loop for quick requests (ADR 25).

LocalStack's own server, Twisted, parses requests in one thread, hands each to a thread of a pool and takes the answer
back: two changes of thread and 0.8 ms of processor time for a request. Here the connection's thread does everything
itself, so that a request wakes one thread once (ADR 24).

The path of a request:

1. `listener` accepts the connection and starts its thread. `connections` looks at the first bytes: a client that begins
   with HTTP/2's preface gets `http2_connection`, every other `http1_connection`.
2. `request_reader` reads the head. llhttp parses it (httptools), which refuses what two servers could understand in two
   ways: two lengths, a length and chunks, folded lines, line breaks without CR.
3. `access` judges who is at the other end, once for the connection, and then method, target and headers of each
   request. Nothing of the body has been read. A refusal is answered in the protocol of the request, and ends the
   connection.
4. If the client waits for a 100, it gets it now. `request_body` keeps the body in memory, or in a temporary file if it
   is long: LocalStack's handlers get it whole, so none of them waits for a slow client, or works with half of a body.
5. `gateway_application` makes `wsgi_environment` and LocalStack's Request of it, has the gateway process it, and
   returns the status, the headers and the parts of the body. The modules above it know nothing of LocalStack.
6. `answer_writer` writes the parts as they come, the head with the first of them: most answers are one write. An
   answer without Content-Length is chunked. If it breaks off, the connection is closed, so that the client notices.
7. The same thread reads the next request, which may have arrived already.

Requests of which `is_quick` says so take the steps 3 to 7 on the event loop, several in a row without coming back to
the thread. `connection_socket` blocks in the thread, and lets others run on the loop. If the parts of an answer are not
in memory, such as those of a file, yet another thread writes it, while others run on the loop.

Time limits (`time_limits`): a client that sends nothing for a minute is let go, between requests and within one, and so
is one that takes nothing of its answer for five minutes.

An upgrade, to a WebSocket or to HTTP/2, is ignored, as RFC 9110 allows: no service of LocalStack's community edition
accepts WebSockets.

The end: `Listener.stop` may be called by any thread. `run` then closes the listening sockets and lets connections
receive nothing more, so each ends with the request that it carries. `run` waits for them, for a limited time.

Invariants:

- A connection has one thread. While that waits for the event loop, only the loop reads from the connection; otherwise
  only the thread does. Over HTTP/1 the same holds for writing, except while the loop waits for a thread that writes.
- Whoever opens a body or an answer closes it, also when the client leaves.
- Nothing that a client sends is kept without a limit in memory: heads have one, bodies move to a file.
"""
