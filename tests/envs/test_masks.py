"""Masks of legal choices from Gymnasium environments become part of the observation."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from ecotone.envs.masks import MaskedActions
from ecotone.mistakes import Mistake


class Told(gymnasium.Env):
    """Tells a mask as `told` says, by `info` or by a method."""

    def __init__(self, mask, by, action=None, observation=None):
        self.action_space = action or spaces.Discrete(3)
        self.observation_space = observation or spaces.Box(0.0, 1.0, (2,))
        self.mask, self.by = mask, by
        if by == "method":
            self.action_masks = lambda: self.mask

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), self.info()

    def step(self, action):
        over = action == 2
        return self.observation_space.sample(), 0.0, over, False, {} if over else self.info()

    def info(self):
        return {"action_mask": self.mask} if self.by == "info" else {}


def test_taxi_tells_its_legal_moves():
    env, plain = MaskedActions(gymnasium.make("Taxi-v4")), gymnasium.make("Taxi-v4")
    (seen, _), (place, info) = env.reset(seed=1), plain.reset(seed=1)
    for action in (0, 1, 3, 2, 0, 1):
        assert env.observation_space.contains(seen)
        assert seen["observation"] == place
        np.testing.assert_array_equal(seen["action_mask"], info["action_mask"])
        seen = env.step(action)[0]
        place, *_, info = plain.step(action)


@pytest.mark.parametrize("by", ["info", "method"])
def test_masks_are_read_anew_at_every_step(by):
    inner = Told([True, False, True], by)
    env = MaskedActions(inner)
    seen, _ = env.reset(seed=0)
    np.testing.assert_array_equal(seen["action_mask"], [1, 0, 1])
    inner.mask = [False, True, True]
    np.testing.assert_array_equal(env.step(0)[0]["action_mask"], [0, 1, 1])
    assert env.observation_space.contains(env.step(2)[0])  # over, where nothing is said of choices


def test_parts_are_joined_and_several_choices_lie_behind_each_other():
    parts = spaces.Dict({"a": spaces.Discrete(2), "b": spaces.Box(0.0, 1.0, (2,))})
    env = MaskedActions(Told(np.array([1, 0, 1, 1, 0]), "info", spaces.MultiDiscrete([2, 3]), parts))
    seen, _ = env.reset(seed=0)
    assert set(seen) == {"a", "b", "action_mask"}
    np.testing.assert_array_equal(seen["action_mask"], [1, 0, 1, 1, 0])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: MaskedActions(gymnasium.make("CartPole-v1")).reset(), "says nowhere which choices are legal"),
        (lambda: MaskedActions(gymnasium.make("Pendulum-v1")), "only choices can be masked"),
        (lambda: MaskedActions(Told([1, 1], "info")).reset(), r'info\["action_mask"\] has the shape \(2,\)'),
        (lambda: MaskedActions(Told([1, 1], "method")).reset(), r"action_masks\(\) has the shape \(2,\)"),
        (lambda: MaskedActions(MaskedActions(Told([1, 1, 1], "info"))), "already has a part 'action_mask'"),
    ],
)
def test_environments_without_such_masks_are_told(make, told):
    with pytest.raises(Mistake, match=told):
        make()
