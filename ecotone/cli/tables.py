"""Tables of text for terminals and pipes alike."""

from collections.abc import Sequence


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Lines of aligned columns; those in `numbers` are aligned on the right."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    rule = ["─" * width for width in widths]
    align = lambda index, cell: cell.rjust(widths[index]) if index in numbers else cell.ljust(widths[index])
    line = lambda row: "  ".join(align(index, cell) for index, cell in enumerate(row)).rstrip()
    return "\n".join(line(row) for row in (heading, rule, *rows))
