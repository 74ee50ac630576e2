"""An episode as text, play by play and agent by agent."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ecotone.episodes import Happened

WIDTH = 110
"""Columns of a line; longer values go on below."""


def written(value: Any) -> str:
    """A value in few characters: arrays as lists, numbers with four digits; parts below each other where they need room."""
    if isinstance(value, dict):
        parts = [_named(f"{name}: ", written(part)) for name, part in value.items()]
        beside = ", ".join(parts)
        return beside if len(beside) <= WIDTH and "\n" not in beside else "\n".join(parts)
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(written, value)) + ")"
    array = np.asarray(value)
    if array.dtype.kind == "b":
        array = array.astype(np.int8)
    if not array.ndim:
        return _number(array[()])
    return np.array2string(array, WIDTH, separator=" ", formatter={"float_kind": _number}, threshold=2000)


def _named(name: str, text: str) -> str:
    return name + text.replace("\n", "\n" + " " * len(name))


def _number(number: Any) -> str:
    return f"{number:.4g}" if isinstance(number, float | np.floating) else str(number)


def event(happened: Happened) -> str:
    """One step: what was done, seen and earned, and who ended."""
    lines = [f"Step {happened.step}" if happened.step else "Reset"]
    sections = [("Action", happened.actions), ("Observation", happened.observations), ("Reward", happened.rewards)]
    for title, by_agent in [*sections, ("Done", happened.ends)]:
        if by_agent:
            lines.append(f"  {title}")
            lines += _table(by_agent)
    if happened.over:
        lines.append("  The episode is over.")
    return "\n".join(lines)


def _table(by_agent: dict[Any, Any]) -> list[str]:
    width = max(len(str(agent)) for agent in by_agent)
    lines = []
    for agent, value in by_agent.items():
        text = value if isinstance(value, str) else written(value)
        lines.append(_named(f"    {agent:<{width}}  ", text))
    return lines


def by_event(told: Iterable[Happened]) -> str:
    """A whole episode, step by step."""
    return "\n\n".join(map(event, told)) + "\n"


def by_agent(told: Iterable[Happened]) -> str:
    """A whole episode, agent by agent: all that it saw, did and got, by step, and how it ended."""
    told = list(told)
    agents = dict.fromkeys(agent for happened in told for agent in (*happened.observations, *happened.actions))
    return "\n\n".join(_life(agent, told) for agent in agents) + "\n"


def _life(agent: str, told: list[Happened]) -> str:
    lines = [f"{agent}: return {_number(sum(each.rewards.get(agent, 0.0) for each in told))}"]
    sections: list[tuple[str, str]] = [("Observations", "observations"), ("Actions", "actions"), ("Rewards", "rewards")]
    for title, name in sections:
        by_step = {each.step: getattr(each, name)[agent] for each in told if agent in getattr(each, name)}
        if by_step:
            lines.append(f"  {title}")
            lines += _table(by_step)
    ended = [f"  {each.ends[agent].capitalize()} at step {each.step}" for each in told if agent in each.ends]
    return "\n".join([*lines, *(ended or ["  Not done"])])
