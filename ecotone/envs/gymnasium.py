"""Gymnasium's vector environments as a stream, in their default mode of automatic resets."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import gymnasium
import jax
import numpy as np
from gymnasium import spaces
from gymnasium.error import DependencyNotInstalled, Error
from gymnasium.vector import SyncVectorEnv

from ecotone.envs import atari, minatar
from ecotone.envs.episodes import RepeatableEpisodes
from ecotone.envs.lists import FixedList
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import (
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiBinary,
    MultiDiscrete,
    Place,
    Repeated,
    Space,
    Spec,
    Tuple,
    from_environment,
    over_parts,
    to_environment,
)  # fmt: skip
from ecotone.trajectory import TimeStep

EXTRAS = {"box2d": "box2d", "mujoco": "mujoco", "ale": "atari", "atari": "atari", "minatar": "minatar", "swig": "box2d"}
EXTRAS |= {"lbforaging": "lbforaging", "rware": "rware"}

LARGEST_INTEGER = 2**31 - 1
T = TypeVar("T")


def to_space(space: spaces.Space, what: str) -> Space:
    """A Gymnasium space as ours; raises `Mistake` for kinds that have no array form.

    Arguments:
        space: any but text, graphs and unions; lists within it have a limit.
        what: `observation` or `action`; whole numbers between bounds are choices where they are actions.
    """
    if isinstance(space, FixedList):
        return Repeated(to_space(space.element, what), space.most)
    if isinstance(space, spaces.Dict):
        return Dict({name: to_space(part, what) for name, part in space.items()})
    if isinstance(space, spaces.Tuple):
        return Tuple(tuple(to_space(part, what) for part in space))
    if isinstance(space, spaces.Discrete):
        return Discrete(int(space.n), int(space.start))
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        return MultiDiscrete(tuple(map(int, space.nvec)), tuple(map(int, space.start)))
    if isinstance(space, spaces.MultiBinary):
        return MultiBinary(tuple(space.shape), "int8" if what == "observation" else "int32")
    if isinstance(space, spaces.Box) and what == "action" and np.issubdtype(space.dtype, np.integer):
        return _to_choices(space)
    if isinstance(space, spaces.Box):
        return _to_box(space)
    raise Mistake(f"the {what} space {space} is not supported: flatten it with a gymnasium wrapper.")


def _to_choices(space: spaces.Box) -> MultiDiscrete | MultiBinary:
    if len(space.shape) > 1 and (space.low == 0).all() and (space.high == 1).all():
        return MultiBinary(tuple(space.shape))
    if len(space.shape) != 1 or not space.is_bounded():
        raise Mistake(f"whole numbers as actions need bounds and one axis, unlike {space}: wrap the environment.")
    low, high = space.low.astype(np.int64), space.high.astype(np.int64)
    return MultiDiscrete(tuple((high - low + 1).tolist()), tuple(low.tolist()))


def _to_box(space: spaces.Box) -> Box:
    if np.issubdtype(space.dtype, np.floating):
        return Box(tuple(space.shape), "float32", _bound(space.low), _bound(space.high))
    wide = np.dtype(space.dtype).itemsize > 4
    low, high = (np.clip(bound, -LARGEST_INTEGER, LARGEST_INTEGER) if wide else bound for bound in (space.low, space.high))
    stacked = space.stacked if isinstance(space, atari.StackedBox) else 1
    return Box(tuple(space.shape), "int32" if wide else str(space.dtype), _bound(low), _bound(high), stacked)


def _bound(bound: np.ndarray) -> float | tuple[float, ...]:
    flat = bound.astype(float).ravel()
    return float(flat[0]) if flat.size and (flat == flat[0]).all() else tuple(map(float, flat))


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> gymnasium.Env:
    """The environment of that name with its usual preprocessing; raises `Mistake` for a name or argument that is wrong."""
    if render_mode is not None:
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # pygame else complains where there is no sound
    if atari.is_game(name):
        return known(name, lambda: atari.make(name, render_mode, **kwargs))
    return known(name, lambda: gymnasium.make(name, render_mode=render_mode, disable_env_checker=True, **kwargs))


def known(name: str, made: Callable[[], T]) -> T:
    """What is made of Gymnasium's environment of that name; raises `Mistake` for a name or argument that is wrong."""
    _register(name)
    try:
        return made()
    except (DependencyNotInstalled, ModuleNotFoundError) as error:
        extra = next((extra for word, extra in EXTRAS.items() if word in str(error).lower()), None)
        raise (MissingExtra(name, extra) if extra else Mistake(f"{name} could not be made: {error}")) from error
    except Error as error:
        raise Mistake(f"unknown environment '{name}'.{nearest(name, gymnasium.registry)}") from error
    except TypeError as error:
        raise Mistake(f"{name} could not be made: {error}") from error


def _register(name: str) -> None:
    """Make names known that their packages register only on request."""
    for game, extra in ((minatar, "minatar"), (atari, "atari")):
        if game.is_game(name):
            try:
                game.register()
            except ImportError as error:
                raise MissingExtra(name, extra) from error


def registered() -> dict[str, Any]:
    """What Gymnasium knows now, by name."""
    return dict(gymnasium.registry)


class GymnasiumStream:
    """`lanes` copies in this process, stepped one after another.

    Arguments:
        make_env: makes one copy.
        lanes: number of copies.
        seed: every episode of every lane is seeded from it, so that a run can be repeated and continued.
    """

    def __init__(self, make_env: Callable[[], gymnasium.Env], lanes: int, seed: int) -> None:
        self.lanes = lanes
        self.episodes: list[RepeatableEpisodes] = []

        def one(lane: int) -> gymnasium.Env:
            self.episodes.append(RepeatableEpisodes(make_env(), seed, lane))
            return self.episodes[-1]

        self.vector = SyncVectorEnv([lambda lane=lane: one(lane) for lane in range(lanes)], copy=False)
        observation = to_space(self.vector.single_observation_space, "observation")
        self.spec = Spec(observation, to_space(self.vector.single_action_space, "action"))

    def start(self, key: Any = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane (or continue the restored ones)."""
        observation, _ = self.vector.reset()
        self._check(observation)
        first = np.array([episode.at_start for episode in self.episodes])
        self._over = np.array([episode.over for episode in self.episodes])
        one = np.ones(self.lanes, np.float32)
        return None, TimeStep(self._seen(observation), first, ~self._over, np.zeros_like(one), one)

    def step(self, state: None, action: np.ndarray) -> tuple[None, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        action = to_environment(self.spec.action, action)
        if isinstance(self.spec.action, Discrete):
            action = action.tolist()  # Spaces check numbers of Python's several times faster than NumPy's.
        observation, reward, terminated, truncated, _ = self.vector.step(action)
        first, self._over = self._over, terminated | truncated
        return None, TimeStep(
            self._seen(observation),
            first,
            ~self._over,
            reward.astype(np.float32),
            1.0 - terminated.astype(np.float32),
        )

    def save(self) -> dict[str, Any]:
        """What `restore` needs to continue every lane's episode."""
        return {str(lane): episode.save() for lane, episode in enumerate(self.episodes)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes by repeating their actions."""
        for lane, episode in enumerate(self.episodes):
            episode.restore(saved[str(lane)])

    def set_task(self, task: Any) -> None:
        """Hand a task to every copy's `set_task`; raises `Mistake` where the environment has none."""
        for episode in self.episodes:
            if not hasattr(episode.unwrapped, "set_task"):
                raise Mistake(f"{episode.unwrapped} has no method `set_task`, which a curriculum needs.")
            episode.unwrapped.set_task(task)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Free the copies' resources."""
        self.vector.close()

    def _seen(self, observation: Any) -> Any:
        """Observations as rows have them, apart from the arrays that the copies write their next ones into."""
        seen = from_environment(self.spec.observation, observation)
        return seen.copy() if isinstance(seen, np.ndarray) else jax.tree.map(np.copy, seen)

    def _check(self, observation: Any) -> None:
        def check(leaf: Leaf, found: Any, place: Place) -> None:
            expected = (self.lanes, *place.axes, *leaf.shape)
            if np.shape(found) != expected:
                name = f"'{place.path}' of the observations" if place.path else "observations"
                raise Mistake(f"{name} have shape {np.shape(found)}, but the space says {expected}.")

        over_parts(check, self.spec.observation, observation)
