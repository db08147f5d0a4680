"""Files that another process passes on over a Unix socket."""

import os
import socket


def receive_files(line: socket.socket, message_bytes: int, files_max: int) -> tuple[bytes, list[int]]:
    """Receive a message and the files that come with it, which no child inherits.

    `socket.recv_fds` takes MSG_CMSG_CLOEXEC, and does not pass it on in every version of Python.
    """
    message, files, _, _ = socket.recv_fds(line, message_bytes, files_max)
    for file in files:
        os.set_inheritable(file, False)
    return message, files
