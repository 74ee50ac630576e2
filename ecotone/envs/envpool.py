"""EnvPool's vector environments (arXiv:2206.10558) as a stream; they reset at the step after an episode's end."""

import warnings
from typing import Any

import numpy as np

from ecotone.envs import atari
from ecotone.envs.gymnasium import to_space
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import Box, Spec, from_environment, to_environment
from ecotone.trajectory import TimeStep


class EnvPoolStream:
    """`lanes` copies stepped by EnvPool's threads.

    Arguments:
        name: EnvPool's, such as `Pong-v5`.
        lanes: number of copies.
        seed: of the copies.
        options: further arguments of `envpool.make`; of Atari games also the fields of `atari.Preprocessing`.
    """

    def __init__(self, name: str, lanes: int, seed: int, **options: Any) -> None:
        try:
            import envpool
        except ImportError as error:
            raise MissingExtra(f"envpool:{name}", "envpool") from error
        known = envpool.list_all_envs()
        if name not in known:
            raise Mistake(f"EnvPool has no environment '{name}'.{nearest(name, known)}")
        self.lanes = lanes
        is_atari = "full_action_space" in envpool.make_spec(name).config._fields
        self._life_loss = is_atari and bool(options.get("life_loss"))
        options = atari.for_envpool(options) if is_atari else options
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pool = envpool.make(name, env_type="gymnasium", num_envs=lanes, seed=seed, **options)
            observation = to_space(self._pool.observation_space, "observation")
            action = to_space(self._pool.action_space, "action")
        self._frames_first = isinstance(observation, Box) and observation.is_image
        if isinstance(observation, Box) and self._frames_first:
            stacked = options["stack_num"] if is_atari else 1
            observation = Box((*observation.shape[1:], observation.shape[0]), "uint8", 0.0, 255.0, stacked)
        self.spec = Spec(observation, action)

    def start(self, key: Any = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane."""
        observation, info = self._pool.reset()
        self._lives = info.get("lives", 0)
        yes, one = np.ones(self.lanes, bool), np.ones(self.lanes, np.float32)
        self._over = ~yes
        return None, TimeStep(self._arranged(observation), yes, yes, np.zeros_like(one), one)

    def step(self, state: None, action: np.ndarray) -> tuple[None, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        observation, reward, terminated, truncated, info = self._pool.step(to_environment(self.spec.action, action))
        first, self._over = self._over, terminated | truncated
        observation, ended = self._arranged(observation), terminated
        if self._life_loss:
            before, self._lives = self._lives, info["lives"]
            ended = terminated | ((self._lives < before) & ~first)
        return None, TimeStep(observation, first, ~self._over, reward.astype(np.float32), 1.0 - ended.astype(np.float32))

    def save(self) -> dict[str, Any]:
        """Nothing: EnvPool cannot tell the state of its copies."""
        return {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Say that episodes begin anew."""
        warnings.warn("EnvPool's environments cannot be saved: their episodes begin anew.", stacklevel=2)

    def close(self) -> None:
        """Stop EnvPool's threads."""
        self._pool.close()

    def _arranged(self, observation: np.ndarray) -> np.ndarray:
        if self._frames_first:
            return np.ascontiguousarray(np.moveaxis(observation, 1, -1))
        return from_environment(self.spec.observation, observation)
