"""Options from dataclasses, by tyro, with errors of one line."""

import contextlib
import dataclasses
import difflib
import io
import itertools
import re
import typing
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import tyro

from ecotone.frozen import put
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Constant, Linear, Schedule

T = TypeVar("T")

SCHEDULES = {"constant": Constant, "linear": Linear}
"""Schedules by the name that options give them."""
SCHEDULE_USAGE = "a number, `constant VALUE` or `linear START END [OVER]`"
BOOLEANS = {"true": True, "false": False}


def parse(options: type[T], program: str, arguments: Sequence[str], default: Any = None, description: str = "") -> T:
    """Read arguments into a dataclass; each field's docstring is its help.

    Arguments:
        options: the dataclass.
        program: what the usage line begins with.
        arguments: as the shell gave them.
        default: an instance that arguments override; `options()` where none is given.
        description: what the help says; the dataclass's docstring where none is given.

    Raises `Mistake` for what cannot be read, and `SystemExit` after printing help.
    """
    schedules: dict[str, Any] = {}
    if default is not None:
        arguments, default, schedules = rewrite(arguments, default)
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            made, unknown = tyro.cli(
                options,
                prog=program,
                description=description or None,
                args=list(arguments),
                default=tyro.MISSING_NONPROP if default is None else default,
                return_unknown_args=True,
                config=(tyro.conf.AvoidSubcommands,),
            )
    except SystemExit as end:
        if not end.code:
            raise
        raise Mistake(f"{sentence(errors.getvalue())} `{program} --help` tells the options.") from None
    if unknown:
        raise Mistake(_unknown(unknown[0], dict(walk(made)), program))
    for name, schedule in schedules.items():
        made = put(made, name[2:].replace("-", "_").split("."), schedule)
    return made


def sentence(message: str) -> str:
    """The gist of one of tyro's messages: the first paragraph, whether boxes are drawn in Unicode or in ASCII."""
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[\d;]*m", "", message).splitlines()]
    body = [line for line in lines if line and line[0] not in "╭╰"]
    is_rule = lambda line: set(line) in ({"─"}, {"-"})
    if "╭" not in message:  # the heading is a line of its own, with a rule below
        body = body[2:]
    text = " ".join(itertools.takewhile(lambda line: not is_rule(line), body))
    for pattern, plain in PLAINER:
        text = re.sub(pattern, plain, text)
    return text if text.endswith(".") else f"{text}."


PLAINER = (
    (r"^Error parsing ", ""),
    (r": could not convert string to float: ", " wants a number, not "),
    (r": invalid literal for int\(\) with base 10: ", " wants a whole number, not "),
    (r": no type matching \{None\}\|INT could be instantiated from \[(.*?)\].*", r" wants a whole number or None, not \1"),
    (r": no type matching \{None\}\|FLOAT could be instantiated from \[(.*?)\].*", r" wants a number or None, not \1"),
    (r"^invalid choice ('.*') for argument '(.*)'\. Expected one of \((.*)\)\.?$", r"\2 is one of \3, not \1"),
    (r"^Missing value for argument '(.*)'\. Expected .* values?\.?$", r"\1 wants a value"),
    (r"^Missing from .*?: (\S+) (.*) \(required\)$", r"\1 is missing: \2"),
    (r"^Missing from .*?: (--\S+) (\S+) (.*) \(required\)$", r"\1 is missing: \3"),
)
"""What tyro says, and how people say it."""


def walk(tree: Any, prefix: str = "--") -> Iterator[tuple[str, Any]]:
    """Options of a dataclass instance and of those in its fields, with values; parents come before their fields."""
    for field in dataclasses.fields(tree):
        name, value = f"{prefix}{field.name.replace('_', '-')}", getattr(tree, field.name)
        yield name, value
        if dataclasses.is_dataclass(value):
            yield from walk(value, f"{name}.")


def annotations(tree: Any, prefix: str = "--") -> Iterator[tuple[str, Any]]:
    """Options of a dataclass instance and of those in its fields, with their types."""
    for field in dataclasses.fields(tree):
        name, value = f"{prefix}{field.name.replace('_', '-')}", getattr(tree, field.name)
        yield name, field.type
        if dataclasses.is_dataclass(value):
            yield from annotations(value, f"{name}.")


def _unknown(token: str, known: dict[str, Any], program: str) -> str:
    if not token.startswith("-"):
        return f"do not know what to do with '{token}'. `{program} --help` tells the usage."
    token = token.replace("_", "-")
    within = [name for name, value in known.items() if name.startswith(f"{token}.") and not dataclasses.is_dataclass(value)]
    if within:
        return f"{token} is made of {', '.join(within)}: give one of these."
    if token in known:
        return f"{token} belongs to a part that may be none, which no option reaches: set it in an experiment file."
    leaves = [name for name, value in known.items() if not dataclasses.is_dataclass(value)]
    alike = difflib.get_close_matches(token, leaves, n=1) or _ending_like(token, leaves)
    return f"no option {token}.{f' Did you mean {alike[0]}?' if alike else ''} `{program} --help` tells all."


def _ending_like(token: str, names: Sequence[str]) -> list[str]:
    """The first name whose last part is nearly the token's."""
    last = {name.strip("-").rpartition(".")[2]: name for name in reversed(names)}
    return [last[match] for match in difflib.get_close_matches(token.strip("-").rpartition(".")[2], last, n=1, cutoff=0.8)]


def rewrite(arguments: Sequence[str], default: Any) -> tuple[list[str], Any, dict[str, Any]]:
    """Spell out abbreviations that tyro does not know: `(arguments, default, schedules)`.

    `--x=1` becomes `--x 1`; `--flag true` becomes `--flag`, and `--flag`, where it may also be none, `--flag True`; `1e6`
    for a whole number becomes `1000000`; and a schedule given as a number or as its name and numbers (`linear 1 0.05 10000`)
    is put into `default` in place of the one there. Where a number or none may stand as well, what is given is left to
    `schedules`, by option, to be put there when all else is read.
    """
    tokens = [part for token in arguments for part in (token.split("=", 1) if token.startswith("--") else [token])]
    known, types, left, schedules = dict(walk(default)), dict(annotations(default)), [], {}
    while tokens:
        token = tokens.pop(0)
        name = token.replace("_", "-") if token.startswith("--") else token
        value = known.get(name)
        yes = re.sub(r"(^--|\.)no-", r"\1", name)
        if types.get(yes) == bool | None:
            word = tokens.pop(0) if tokens and tokens[0].lower() in (*BOOLEANS, "none") else "true"
            left += [yes, word.capitalize() if yes == name else "False"]
        elif types.get(name) is Schedule and tokens and (given := _take_schedule(name, tokens)) is not None:
            default = put(default, name[2:].replace("-", "_").split("."), given)
        elif Schedule in (kinds := typing.get_args(types.get(name))):
            schedules[name] = _take_perhaps(name, kinds, tokens)
        elif isinstance(value, bool) and tokens and tokens[0].lower() in BOOLEANS:
            path, _, last = name[2:].rpartition(".")
            no = "" if BOOLEANS[tokens.pop(0).lower()] else "no-"
            left.append(f"--{path}.{no}{last}" if path else f"--{no}{last}")
        elif type(value) is int and tokens and _is_whole(tokens[0]):
            left += [name, str(int(float(tokens.pop(0))))]
        else:
            left.append(token)
    return left, default, schedules


def _take_perhaps(name: str, kinds: Sequence[Any], tokens: list[str]) -> Schedule | float | None:
    """What is given where a schedule may stand beside a number or none."""
    word = tokens[0].lower() if tokens else ""
    if type(None) in kinds and word == "none":
        tokens.pop(0)
        return None
    given = _take_schedule(name, tokens) if tokens else None
    if given is None:
        raise Mistake(f"{name} wants {SCHEDULE_USAGE}{f', not {word!r}' if word else ''}.")
    named = word in SCHEDULES
    return given.value if isinstance(given, Constant) and float in kinds and not named else given


def _is_whole(token: str) -> bool:
    return re.fullmatch(r"[-+]?[\d.]+e\+?\d+", token, re.IGNORECASE) is not None and float(token).is_integer()


def _take_schedule(name: str, tokens: list[str]) -> Schedule | None:
    kind = SCHEDULES.get(tokens[0].lower())
    numbers = []
    for token in tokens[kind is not None :]:
        try:
            numbers.append(float(token))
        except ValueError:
            break
    if kind is None and not numbers:
        return None
    del tokens[: len(numbers) + (kind is not None)]
    try:
        return (kind or Constant)(*numbers)
    except TypeError:
        raise Mistake(f"{name} wants {SCHEDULE_USAGE}, not {len(numbers)} numbers.") from None
