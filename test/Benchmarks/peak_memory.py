"""Peak memory of another process."""

import pathlib
import re
import threading


class PeakMemory:
    """Watches the process `pid` until it ends. Not ru_maxrss, which begins at the peak of the process that forked."""

    INTERVAL_SECONDS = 0.005

    def __init__(self, pid):
        self._status = pathlib.Path("/proc") / str(pid) / "status"
        self._bytes, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        while not self._ended.is_set():
            try:
                high = re.search(r"VmHWM:\s+(\d+) kB", self._status.read_text())
            except OSError:
                return
            self._bytes = int(high[1]) * 1024 if high else self._bytes
            self._ended.wait(self.INTERVAL_SECONDS)

    def finish(self):
        """The bytes, after the process has ended."""
        self._ended.set()
        self._thread.join()
        return self._bytes
