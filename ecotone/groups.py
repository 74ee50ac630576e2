"""Who learns together."""

from collections.abc import Callable
from dataclasses import dataclass

from ecotone.protocols import Algorithm


@dataclass(frozen=True)
class Group:
    """Agents that learn together.

    Arguments:
        algorithm: what they learn with.
        agents: their names, or a function that says of a name whether it belongs; `()` means all that no other group has.
        joint: keep the agents' axis behind the lanes' (centralised training) instead of folding agents into lanes.
        train: false for opponents whose weights stay as they are.
    """

    algorithm: Algorithm
    agents: tuple[str, ...] | Callable[[str], bool] = ()
    joint: bool = False
    train: bool = True

    def has(self, agent: str) -> bool:
        """Whether an agent of that name belongs to this group."""
        if callable(self.agents):
            return self.agents(agent)
        return not self.agents or agent in self.agents
