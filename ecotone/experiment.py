"""An experiment: which environment, which algorithm, how long, and what is kept."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import jax

from ecotone.feed import Rollout
from ecotone.groups import Group
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Linear
from ecotone.protocols import Algorithm, Environment, Wrapper
from ecotone.runtime.events import Callback
from ecotone.teams import MultiAgentEnvironment
from ecotone.written import writable

T = TypeVar("T")
Runtime = Literal["auto", "local", "compiled", "ray"]


@writable
@dataclass(frozen=True)
class Evaluation:
    """Greedy episodes while training, on environments of their own."""

    every: int = 0
    """Environment steps between evaluations; 0 for none."""
    episodes: int = 16
    """Episodes of an evaluation."""


@writable
@dataclass(frozen=True)
class Checkpointing:
    """When training is saved."""

    every: int = 0
    """Environment steps between checkpoints; 0 for a tenth of the run. One is always written at the end."""
    keep: int = 2
    """How many are kept, the newest ones."""


@writable
@dataclass(frozen=True)
class Cluster:
    """Who collects in the ray runtime: on the cluster that `RAY_ADDRESS` names, else on this machine."""

    collectors: int | None = None
    """Processes that share the environments evenly; none is 2, or 1 where these are odd. More collect more at once."""
    cpus: float = 1.0
    """Processors that Ray sets aside for each; fractions let several share one."""
    patience: int = 3
    """Losses of a collector in a row, without a fragment in between, that are borne."""


@dataclass(frozen=True)
class Experiment:
    """All that decides a run."""

    env: str | Environment | MultiAgentEnvironment | Callable[..., Any]
    """A name, a compiled environment, or a function that makes an environment stepped in Python."""
    algorithm: Algorithm | None = None
    """What learns; all agents where there are many, as one group for each kind of them."""
    groups: dict[str, Group] | None = None
    """Who of many agents learns together and how, by name, in place of one algorithm."""
    title: str = ""
    """Folder of its runs; none means algorithm and environment."""
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    """Arguments of the environment."""
    wrappers: tuple[Wrapper, ...] = ()
    """What stands between environment and policy, innermost first; see `envs.wrappers`."""
    runtime: Runtime = "auto"
    """Who steps the environment; auto is compiled for compiled environments, else local."""
    num_envs: int | None = None
    """Copies of the environment; none means 8 for algorithms that learn from fresh rows, 1 for those with a replay."""
    steps: int = 100_000
    """Environment steps of the whole run, over all copies."""
    seed: int = 0
    """Of weights, actions, draws and environments."""
    overlap: bool | None = None
    """Collect while the learner is at work, with weights that are older (local, ray); none is as the algorithm's feed."""
    ray: Cluster = Cluster()
    """Who collects in the ray runtime."""
    threads: int | None = None
    """Of a program on the processor; none is one per core. 1 is often faster for networks of up to about 64 units."""
    devices: int = 1
    """That share the environments, and learn from them side by side; on CPU, as many as there are cores are fastest."""
    evaluation: Evaluation = Evaluation()
    """Greedy episodes while training."""
    checkpoint: Checkpointing = Checkpointing()
    """When training is saved."""
    out: str = "runs"
    """Folder of all runs."""
    callbacks: tuple[Callback, ...] = ()
    """Functions of events; see `runtime.events`."""

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("num_envs", 1), ("seed", 0), ("threads", 1), ("devices", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise Mistake(f"{name} is {value}, but must be at least {least}.")
        if (self.algorithm is None) == (self.groups is None or not self.groups):
            raise Mistake("an experiment needs an algorithm, or groups with one each, and not both.")
        self._check_wrappers()
        if self.evaluation.every < 0 or self.evaluation.episodes < 1:
            raise Mistake("an evaluation needs `every` of at least 0 and at least one episode.")
        count = self.ray.collectors
        if (count is not None and count < 1) or self.ray.cpus <= 0 or self.ray.patience < 0:
            raise Mistake("ray needs at least one collector, `cpus` above 0 and `patience` of at least 0.")
        if self.checkpoint.every < 0 or self.checkpoint.keep < 1:
            raise Mistake("checkpoints need `every` of at least 0, and at least one must be kept.")

    def _check_wrappers(self) -> None:
        if not isinstance(self.wrappers, tuple | list):
            raise Mistake(f"wrappers stand in a tuple, innermost first: `wrappers=({self.wrappers},)`.")
        for wrapper in self.wrappers:
            if isinstance(wrapper, type) or not isinstance(wrapper, Wrapper):
                raise Mistake(f"{wrapper} is no wrapper: it needs the functions `spec`, `start`, `observe` and `act`.")
        object.__setattr__(self, "wrappers", tuple(self.wrappers))

    @property
    def algorithms(self) -> list[Algorithm]:
        """The algorithm, or those of the groups."""
        return [group.algorithm for group in self.groups.values()] if self.groups else [self.algorithm]  # type: ignore[list-item]

    @property
    def lanes(self) -> int:
        """Copies of the environment."""
        return self.num_envs or (8 if any(isinstance(each.feed, Rollout) for each in self.algorithms) else 1)

    @property
    def overlaps(self) -> bool:
        """Whether a runtime that can is to collect while the learner is at work."""
        feeds = [each.feed for each in self.algorithms]
        return all(isinstance(feed, Rollout) and feed.overlap for feed in feeds) if self.overlap is None else self.overlap

    @property
    def env_name(self) -> str:
        """What the environment is called."""
        return self.env if isinstance(self.env, str) else getattr(self.env, "__name__", type(self.env).__name__)

    @property
    def algorithm_name(self) -> str:
        """The algorithms' classes in small letters, each behind those of the algorithms around it, joined by `+`."""
        return "+".join(dict.fromkeys(map(_name, self.algorithms)))

    @property
    def name(self) -> str:
        """The title, or what stands for it."""
        return self.title or f"{self.algorithm_name}-{self.env_name}".replace("/", "-").replace(":", "-")


def _name(algorithm: Algorithm) -> str:
    """The class's name, behind those of the algorithms around it."""
    inner = getattr(algorithm, "algorithm", None)
    return type(algorithm).__name__.lower() + (f"-{_name(inner)}" if inner is not None else "")


def with_schedules(algorithm: T, steps: int) -> T:
    """The algorithm (or group) with every `Linear` that names no `over` spread over the whole run."""
    is_open = lambda node: isinstance(node, Linear) and node.over is None
    close = lambda node: dataclasses.replace(node, over=float(steps)) if is_open(node) else node
    return jax.tree.map(close, algorithm, is_leaf=lambda node: isinstance(node, Linear))
