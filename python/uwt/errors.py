"""What goes wrong, as exceptions: a class for each kind of error, whose numbers are the tool's exit codes."""

from __future__ import annotations


class UwtError(Exception):
    """A failure in one sentence: what was expected, what was found, and what to do."""

    kind = 0


class UsageError(UwtError, ValueError):
    """The call makes no sense: an unknown format, a part that is not inside its tensor, an output that exists."""

    kind = 2


class InvalidError(UwtError, ValueError):
    """The input is damaged, or not what it says."""

    kind = 3


class IoError(UwtError, OSError):
    """Reading or writing failed: a missing file, a full disk, no permission, no memory."""

    kind = 4


class UnsupportedError(UwtError):
    """A version of a format, or a device, that this library does not know."""

    kind = 5


class Interrupted(UwtError):
    """The progress callback stopped the work. Nothing is left half-written."""

    kind = 130


_CLASSES = {each.kind: each for each in (UsageError, InvalidError, IoError, UnsupportedError, Interrupted)}


def error_of(kind: int, message: str) -> UwtError:
    """The exception for an error of the library."""
    return _CLASSES.get(kind, UwtError)(message)
