"""CartPole-v1 without its velocities, the same for everybody. Needs nothing but Gymnasium and NumPy."""

import gymnasium
import numpy as np

KEPT = [0, 2]
"""Entries of the observation that are seen: the cart's position and the pole's angle."""


class Hidden(gymnasium.ObservationWrapper):
    """Shows some entries of a flat observation."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        whole = env.observation_space
        assert isinstance(whole, gymnasium.spaces.Box)
        self.observation_space = gymnasium.spaces.Box(whole.low[KEPT], whole.high[KEPT])

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """The entries that are kept, `[2]` float32."""
        return observation[KEPT]


def hidden_cartpole() -> gymnasium.Env:
    """One environment, as the registry makes it."""
    return Hidden(gymnasium.make("CartPole-v1", disable_env_checker=True))
