"""The error for a name that nobody knows."""

import difflib
from collections.abc import Iterable


def unknown(name: str, known: Iterable[str]) -> ValueError:
    """An error that names the known names nearest to `name`, or a few of them where none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return ValueError(f"No environment is named {name!r}. Did you mean {' or '.join(near)}?")
    return ValueError(f"No environment is named {name!r}. There are {', '.join(known[:12])}{' …' * (len(known) > 12)}")
