"""Games stepped by ale-py's threads give the rows of Gymnasium's way, and go on exactly where they were left."""

from typing import Any

import jax
import numpy as np
import pytest

from ecotone.envs import atari
from ecotone.envs.atari import AtariStream
from ecotone.envs.gymnasium import GymnasiumStream
from ecotone.envs.streams import local_stream, maker
from ecotone.mistakes import Mistake

pytest.importorskip("ale_py")
GAME = "ALE/Breakout-v5"
LANES = 2


def play(stream: Any, actions, now: Any = None) -> Any:
    """Time steps of a stream that takes these actions `[T, B]`, with the first (or a given) one before them."""
    said = [stream.start()[1] if now is None else now]
    for action in actions:
        said.append(stream.step(None, action)[1])
    return jax.tree.map(lambda *each: np.stack(each), *said)


def drawn(count, lanes=LANES, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (count, lanes)).astype(np.int32)


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


def test_rows_are_those_of_the_gymnasium_way():
    actions: Any = drawn(230)
    options = {"repeat_action_probability": 0.0}
    ours: Any = local_stream(GAME, LANES, options, 0)
    theirs = GymnasiumStream(maker(GAME, options), LANES, 0)
    assert ours.spec.observation.stacked == 4
    assert isinstance(ours, AtariStream)
    assert ours.spec == theirs.spec
    one, other = play(ours, actions), play(theirs, actions)
    assert_same(one, other)
    assert one.is_first[1:].any()
    assert one.reward.any()
    ours.close()


def test_seeds_decide_all_episodes():
    streams = [AtariStream(GAME, LANES, seed, noop_max=20) for seed in (3, 3, 4)]
    one, same, other = (play(stream, drawn(260)) for stream in streams)
    assert one.is_first[1:].any()
    assert_same(one, same)
    assert (one.observation != other.observation).any()


def test_restored_games_go_on_exactly():
    stream, actions = AtariStream(GAME, LANES, 5, noop_max=20), drawn(420)
    play(stream, actions[:300])
    saved = stream.save()
    assert 0 < len(saved["actions"]) < 300
    assert saved["episode"].min() >= 1
    now = stream.step(None, actions[300])[1]
    onward = play(stream, actions[301:], now)
    again = AtariStream(GAME, LANES, 5, noop_max=20)
    again.restore(saved)
    again.start()
    assert_same(play(again, actions[301:], again.step(None, actions[300])[1]), onward)


def test_a_lost_life_ends_returns_but_not_the_game():
    both = [play(AtariStream(GAME, 1, 0, life_loss=on), drawn(260, 1)) for on in (False, True)]
    assert_same(*(rows._replace(discount=rows.reward) for rows in both))
    whole, lives = (rows.discount == 0 for rows in both)
    games = whole.sum()
    assert games >= 1
    assert lives.sum() in range(5 * games, 5 * games + 5)
    assert lives[whole].all()


def test_options_that_threads_cannot_honour_go_through_gymnasium():
    stream: Any = local_stream("ALE/Pong-v5", 1, {"difficulty": 1, "screen_size": 42, "stack": 2}, 0)
    assert stream.spec.observation.shape == (42, 42, 2)
    assert isinstance(stream, GymnasiumStream)
    stream.close()


def test_mistakes_are_told():
    with pytest.raises(Mistake, match="noop_max of an Atari game is -1"):
        local_stream(GAME, 1, {"noop_max": -1}, 0)
    with pytest.raises(Mistake, match=r"unknown environment 'ALE/Pung-v5'.*ALE/Pong-v5"):
        local_stream("ALE/Pung-v5", 1, {}, 0)


def test_envpool_is_told_the_same():
    envpool = pytest.importorskip("envpool")
    with pytest.raises(Mistake, match="at least one frame"):
        local_stream("envpool:Pong-v5", 1, {"noop_max": 0}, 0)
    told = atari.for_envpool({"screen_size": 42, "life_loss": True, "difficulty": 1})
    assert told.keys() <= set(envpool.make_spec("Breakout-v5").config._fields)
    stream: Any = local_stream("envpool:Breakout-v5", 1, {"screen_size": 42, "life_loss": True}, 0)
    rows = play(stream, drawn(200, 1))
    assert rows.observation.shape == (201, 1, 42, 42, 4)
    assert stream.spec.observation.stacked == 4
    lost = rows.discount == 0
    assert lost.sum() > (lost & ~rows.asks).sum()
    stream.close()
