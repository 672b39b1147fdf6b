"""Runs a command with a terminal for standard output and error, prints what it wrote
there, and ends with its exit code.

    terminal.py [--columns N] COMMAND...
"""

import os
import pty
import sys


def main():
    written = []

    def keep(descriptor):
        data = os.read(descriptor, 65536)
        written.append(data)
        return b""

    # An empty read would end the copying before the command ends.
    def keep_alive(descriptor):
        data = keep(descriptor)
        return data or b"\0"

    output = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    command = sys.argv[1:]
    if command[0] == "--columns":
        command = ["sh", "-c", f'stty cols {int(command[1])}; exec "$@"', "sh"] + command[2:]
    status = pty.spawn(command, keep_alive, lambda descriptor: b"")
    os.write(output, b"".join(written).replace(b"\r\n", b"\n"))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
