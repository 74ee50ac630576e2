"""Lists of varying length become arrays, and nested Gymnasium environments become rows."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from ecotone.envs.gymnasium import GymnasiumStream, to_space
from ecotone.envs.lists import FixedLists, Repeated, fixed, pad
from ecotone.envs.streams import local_stream
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from ecotone.spec import Repeated as RepeatedSpec
from ecotone.testing import check_stream

SEEN = spaces.Dict({
    "friends": Repeated(spaces.Dict({"kind": spaces.Discrete(3, start=1), "place": spaces.Box(-1, 1, (2,))}), most=3),
    "lamp": spaces.MultiBinary(2),
    "level": spaces.Discrete(4, start=-1),
    "pair": spaces.Tuple((spaces.Box(-9, 9, (2, 2), np.int64), spaces.Box(0, 255, (3, 3, 1), np.uint8))),
})  # fmt: skip
DONE = spaces.Dict({"grip": spaces.MultiBinary(2), "move": spaces.Tuple((spaces.Discrete(2), spaces.Box(-2, 2, (2,))))})


class Nested(gymnasium.Env):
    """Draws what it shows, remembers what was done, ends by chance."""

    observation_space, action_space = SEEN, DONE

    def __init__(self):
        self.done = []

    def _draw(self):
        seed = int(self.np_random.integers(1 << 30))
        self.observation_space.seed(seed)
        return self.observation_space.sample()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._draw(), {}

    def step(self, action):
        assert action.keys() == {"grip", "move"}
        assert DONE["move"][1].contains(action["move"][1].astype(np.float32))
        self.done.append(action)
        return self._draw(), 1.0, bool(self.np_random.random() < 0.2), False, {}


def test_nested_spaces_are_read():
    assert to_space(fixed(SEEN), "observation") == Dict({
        "friends": RepeatedSpec(Dict({"kind": Discrete(3, 1), "place": Box((2,), low=-1.0, high=1.0)}), 3),
        "lamp": MultiBinary((2,), "int8"),
        "level": Discrete(4, -1),
        "pair": Tuple((Box((2, 2), "int32", -9.0, 9.0), Box((3, 3, 1), "uint8", 0.0, 255.0))),
    })  # fmt: skip
    assert to_space(spaces.Box(-1, 3, (2,), np.int32), "action") == MultiDiscrete((5, 5), (-1, -1))


def test_whole_numbers_in_a_square_are_no_actions():
    space = spaces.Box(0, 3, (2, 2), np.int32)
    assert to_space(space, "observation") == Box((2, 2), "int32", 0.0, 3.0)
    with pytest.raises(Mistake, match="need bounds and one axis"):
        to_space(space, "action")


def test_lists_are_padded():
    space = Repeated(spaces.Box(-1, 1, (2,)), most=3)
    element = pad(space, [np.ones(2, np.float32)])
    assert element["count"] == 1
    assert element["items"].tolist() == [[1, 1], [0, 0], [0, 0]]
    assert pad(space, [])["count"] == 0
    nested = Repeated(Repeated(spaces.Discrete(5), most=2), most=2)
    padded = pad(nested, [[3], [4, 1]])
    assert padded["items"]["items"].tolist() == [[3, 0], [4, 1]]
    assert padded["items"]["count"].tolist() == [1, 2]


def test_streams_of_nested_environments_keep_their_contract():
    stream = local_stream(Nested, 2, {}, seed=3)
    check_stream(stream, 30)
    actions = stream.episodes[0].unwrapped.done
    assert {int(action["move"][0]) for action in actions} == {0, 1}


def test_nested_episodes_are_repeated():
    stream = local_stream(Nested, 2, {}, seed=3)
    _, now = stream.start()
    action = {"grip": np.ones((2, 2), np.int32), "move": (np.zeros(2, np.int32), np.full((2, 2), 0.5, np.float32))}
    for _ in range(7):
        _, now = stream.step(None, action)
    again = local_stream(Nested, 2, {}, seed=3)
    again.restore(stream.save())
    _, then = again.start()
    np.testing.assert_equal(then.observation, now.observation)
    np.testing.assert_equal(again.step(None, action)[1].observation, stream.step(None, action)[1].observation)


def test_a_list_without_limit_is_told():
    class Endless(Nested):
        observation_space = spaces.Sequence(spaces.Discrete(2))

    with pytest.raises(Mistake, match=r"no greatest length: use ecotone.envs.lists.Repeated"):
        local_stream(Endless, 1, {}, 0)


def test_a_list_that_is_too_long_is_told():
    with pytest.raises(Mistake, match="a list of 4 was observed where the space allows at most 3"):
        pad(SEEN["friends"], [None] * 4)


def test_a_part_of_another_shape_is_told():
    class Wrong(Nested):
        def _draw(self):
            return super()._draw() | {"lamp": np.zeros(3, np.int8)}

    with pytest.raises((Mistake, ValueError), match=r"lamp|shape"):
        GymnasiumStream(lambda: FixedLists(Wrong()), 1, 0).start()
