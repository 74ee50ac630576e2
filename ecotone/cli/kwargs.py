"""Arguments of environments on the command line."""

import ast
from typing import Any

from ecotone.mistakes import Mistake

KWARGS = "--env-kwargs."


def env_kwargs(arguments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """What `--env-kwargs.KEY VALUE` says, Python literals where they are such, and the other arguments."""
    kwargs, left = {}, []
    tokens = [part for token in arguments for part in (token.split("=", 1) if token.startswith(KWARGS) else [token])]
    while tokens:
        token = tokens.pop(0)
        if not token.startswith(KWARGS):
            left.append(token)
        elif not tokens or tokens[0].startswith("--"):
            raise Mistake(f"{token} wants a value: {token} VALUE.")
        else:
            kwargs[token.removeprefix(KWARGS).replace("-", "_")] = _literal(tokens.pop(0))
    return kwargs, left


def _literal(text: str) -> Any:
    words = {"true": True, "false": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
