"""Objects of the library that Python owns: used by any thread, closed by any, destroyed once."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any

from .errors import UsageError

# The thread that went on, of each fork that this process comes from.
_forkers: list[int] = []
os.register_at_fork(after_in_child=lambda: _forkers.append(threading.get_ident()))


def _is_there(key: tuple[int, int]) -> bool:
    """Whether the thread of a call that began after so many forks is one of this process."""
    forks, thread = key
    return all(each == thread for each in _forkers[forks:])


class Handle:
    """A pointer of the library, which `with` gives to a call. It counts the calls that are inside, refuses new ones once it is
    closed, and destroys what it points to when the last one has left.

    No lock is held at any time: a signal's handler, the garbage collector and a process that is forked meanwhile may all close
    it. Of two threads one sees the other: a call says that it is inside before it looks if the handle is closed, and closing
    looks for calls afterwards.

    Args:
        what: a text that messages name it by.
        destroy: the function of the library that takes the pointer.
        make: the function that writes the pointer, behind `arguments`.
        forks: whether a process that is forked may use it.
    """

    __slots__ = ("__weakref__", "_closed", "_destroy", "_forks", "_held", "_inside", "_maker", "_what")

    def __init__(
        self, what: str, destroy: Callable[..., None], make: Callable[..., Any], *arguments: Any, forks: bool = True
    ) -> None:
        # How many calls of a thread are inside, by the forks before them and the thread.
        self._inside: dict[tuple[int, int], int] = {}
        self._held: list[ctypes.c_void_p] = []
        self._what, self._destroy, self._closed = what, destroy, False
        self._forks, self._maker = forks, len(_forkers)
        pointer = ctypes.c_void_p()
        make(*arguments, ctypes.byref(pointer))
        self._held.append(pointer)

    @property
    def is_closed(self) -> bool:
        return self._closed

    def check(self) -> None:
        """Raises ValueError if it is closed, or of another process and not for this one."""
        if self._closed:
            raise ValueError(f"{self._what} is closed")
        if not self._forks and self._maker != len(_forkers):
            raise UsageError(f"{self._what} is of the process that this one was forked from: make it anew, or spawn processes")

    def __enter__(self) -> ctypes.c_void_p:
        key = len(_forkers), threading.get_ident()
        self._inside[key] = self._inside.get(key, 0) + 1
        try:
            self.check()
            return self._held[0]
        except BaseException:
            self._leave()
            raise

    def __exit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        thread = threading.get_ident()
        # One that began before a fork ends after it too.
        for forks in range(len(_forkers), -1, -1):
            count = self._inside.get((forks, thread), 0)
            if count > 1:
                self._inside[forks, thread] = count - 1
            elif count:
                del self._inside[forks, thread]
            if count:
                break
        if self._closed:
            self._end()

    def close(self) -> None:
        """Refuses calls from now on. The last one that is inside destroys; without any, this does."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        if not any(map(_is_there, list(self._inside))):
            self._destroy_once()

    def _destroy_once(self) -> None:
        try:
            pointer = self._held.pop()
        except IndexError:  # Another thread was here, or nothing was made.
            return
        # What belongs to another process's device is left to that process.
        if self._forks or self._maker == len(_forkers):
            self._destroy(pointer)

    def __reduce__(self) -> Any:
        raise TypeError(f"{self._what} is of one process and has no copies: open or make another one")

    def __del__(self) -> None:
        # Nobody is inside any more. Without the attribute, __init__ has not begun.
        if getattr(self, "_held", None):
            self._closed = True
            self._destroy_once()


class Owner:
    """An object that owns a handle. Any thread may use and close it. It is neither copied nor pickled, unless a subclass says how."""

    _handle: Handle

    def close(self) -> None:
        """Closes it: later calls raise ValueError, and calls that other threads are in end as ever."""
        self._handle.close()

    def check_open(self) -> None:
        """Raises ValueError if it is closed."""
        self._handle.check()

    def __enter__(self) -> Any:
        self.check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        return self._handle.__reduce__()
