"""Errors that are the user's to mend: one line that says what, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class Mistake(ValueError):
    """The user's mistake; the command line prints its one line and exits with 2."""


class MissingExtra(Mistake, ImportError):
    """Something optional is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra that is not installed: pip install 'ecotone[{extra}]'.")


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x' or 'y'?`, or nothing where no known name is near."""
    by_lower = {k.lower(): k for k in known}
    close = [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
    return f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""
