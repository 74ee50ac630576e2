"""EnvPool's vector environments (arXiv:2206.10558) as a stream; they reset at the step after an episode's end."""

import warnings
from typing import Any

import numpy as np

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
        options: further arguments of `envpool.make`.
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pool = envpool.make(name, env_type="gymnasium", num_envs=lanes, seed=seed, **options)
            observation = to_space(self._pool.observation_space, "observation")
            action = to_space(self._pool.action_space, "action")
        self._frames_first = isinstance(observation, Box) and observation.is_image
        if isinstance(observation, Box) and self._frames_first:
            observation = Box((*observation.shape[1:], observation.shape[0]), "uint8", 0.0, 255.0)
        self.spec = Spec(observation, action)

    def start(self, key: Any = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane."""
        observation, _ = self._pool.reset()
        yes, one = np.ones(self.lanes, bool), np.ones(self.lanes, np.float32)
        self._over = ~yes
        return None, TimeStep(self._arranged(observation), yes, yes, np.zeros_like(one), one)

    def step(self, state: None, action: np.ndarray) -> tuple[None, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        observation, reward, terminated, truncated, _ = self._pool.step(to_environment(self.spec.action, action))
        first, self._over = self._over, terminated | truncated
        observation = self._arranged(observation)
        return None, TimeStep(
            observation, first, ~self._over, reward.astype(np.float32), 1.0 - terminated.astype(np.float32)
        )

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
