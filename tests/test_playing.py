"""Episodes of runs as recordings: compiled, from Gymnasium, and of many agents on a grid and on the host."""

import numpy as np
import pytest
from gymnasium import spaces

from ecotone import Experiment, Scripted, play, train
from ecotone.behaviour import behaviour
from ecotone.gridworld import CentredView, CrossMove, GridWorld, Kind, Look, Reach, TargetOverlap
from ecotone.mistakes import Mistake
from ecotone.playing.moves import preferred_moves
from ecotone.recording import NOWHERE

RIGHT = 3
GOALS = (("walker0", "goal"), ("walker1", "goal"))
CORRIDOR = GridWorld(
    2, 5,
    (
        Kind("walker", 1, 2, ((0, 2), (1, 0)), view_range=1, move_range=1),
        Kind("goal", 2, positions=((0, 4),), look=Look("star", "green")),
        Kind("wall", 3, positions=((1, 2),), look=Look("s")),
    ),
    actors=(CrossMove(),), observers=(CentredView(),), endings=(TargetOverlap(GOALS),), rewards=(Reach(GOALS),),
    overlap={1: (1, 2)}, horizon=4,
)  # fmt: skip


def run_of(env, out, function, **options):
    """A run of a scripted policy, which learned nothing."""
    return train(Experiment(env, Scripted(function), steps=1, num_envs=1, out=str(out), **options))


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Walkers who always go right."""
    return run_of(CORRIDOR, tmp_path_factory.mktemp("walk"), lambda seen: np.full(len(seen), RIGHT, np.int32), title="walk")


def test_episodes_on_a_grid_hold_what_everyone_saw_did_and_got(walk):
    told = play(walk, episodes=3)
    assert told.teams == {"walker": ("walker0", "walker1")}
    assert [episode.rows for episode in told.episodes] == [5, 5, 5]
    track, frames = told.episodes[1].tracks["walker"], told.episodes[1].frames
    np.testing.assert_array_equal(track.asks, [[1, 1], [1, 1], [0, 1], [0, 1], [0, 0]])
    np.testing.assert_array_equal(track.ends, [[0, 0], [0, 0], [1, 0], [0, 0], [0, 1]])
    np.testing.assert_array_equal(track.reward[:, 0], [0, 0, 1, 0, 0])
    assert (track.action[track.asks] == RIGHT).all()
    assert track.observation.shape == (5, 2, 3, 3)
    np.testing.assert_array_equal(frames.place[:, 0], [(0, 2), (0, 3), (0, 4), (0, 4), (0, 4)])
    np.testing.assert_array_equal(frames.place[:, 1, 1], [0, 1, 1, 1, 1])  # the wall is in the way
    assert frames.health == frames.facing == ()
    assert told.scene.choices == {"walker": ("stay", "left", "down", "right", "up")}
    looks = [told.scene.looks[index] for index in frames.look[0]]
    assert [look.label for look in looks] == ["walker", "walker", "goal", "wall"]
    assert [look.shape for look in looks] == ["circle", "circle", "star", "wall"]
    assert told.scene.cells == {1: 0, 2: 1, 3: 2}


def test_preferred_moves_of_every_cell_stop_at_walls_and_edges(walk):
    moves = preferred_moves(walk, alone=True)
    assert moves.agent == "walker0"
    assert moves.frame.look[1] == NOWHERE
    right, none = (0, 1), (0, 0)
    np.testing.assert_array_equal(moves.field[0], [right, right, right, right, none])
    np.testing.assert_array_equal(moves.field[1], [right, none, (np.nan, np.nan), right, none])
    with pytest.raises(Mistake, match="no agent is named 'runner'"):
        preferred_moves(walk, "runner")


def test_behaviour_is_mapped(walk):
    titles = [each.title for each in behaviour(walk, episodes=2)]
    assert titles == ["Preferred move of walker0", "Where agents are", "Where walker meet"]


def test_one_agent_on_a_grid(tmp_path):
    run = run_of("Catch-v0", tmp_path, lambda seen: np.full(len(seen), 2, np.int32))
    told = play(run, episodes=2)
    track, frames = told.episodes[0].tracks["agent"], told.episodes[0].frames
    np.testing.assert_array_equal(frames.place[:, 0, 0], np.arange(10))  # the ball falls
    np.testing.assert_array_equal(frames.place[:4, 1, 1], [2, 3, 4, 4])
    assert abs(track.reward.sum()) == 1
    with pytest.raises(Mistake, match="no grid world"):
        preferred_moves(run)
    assert [each.title for each in behaviour(run, episodes=2)] == ["Where agents are"]


class Counting:
    """Two agents on the host that count down from three and from two, and paint how many are left."""

    possible_agents = ("a_0", "a_1")
    metadata = {"render_modes": ("rgb_array",), "render_fps": 5}  # noqa: RUF012

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def observation_space(self, agent):
        return spaces.Box(0.0, 3.0, (1,))

    def action_space(self, agent):
        return spaces.Discrete(2, start=1)

    def reset(self, seed=None, options=None):
        self.left = {"a_0": 3, "a_1": 2}
        return self._seen(), {}

    def step(self, actions):
        assert set(actions.values()) <= {1, 2}
        self.left = {agent: self.left[agent] - 1 for agent in actions}
        seen, ends = self._seen(), {agent: left == 0 for agent, left in self.left.items()}
        self.left = {agent: left for agent, left in self.left.items() if left}
        return seen, dict.fromkeys(seen, 1.0), ends, dict.fromkeys(seen, False), {}

    def _seen(self):
        return {agent: np.array([left], np.float32) for agent, left in self.left.items()}

    def render(self):
        return np.full((200, 200, 3), 50 * len(self.left), np.uint8)


def test_many_agents_on_the_host_with_pictures_where_they_make_some(tmp_path):
    run = run_of(Counting, tmp_path, lambda seen: np.ones(len(seen), np.int32))
    told = play(run, episodes=2)
    assert [episode.rows for episode in told.episodes] == [4, 4]
    assert [len(episode.pictures) for episode in told.episodes] == [4, 4]
    assert (told.rate, told.title) == (5, "Scripted on Counting")
    track = told.episodes[1].tracks["a"]
    np.testing.assert_array_equal(track.observation[:, 0, 0], [3, 2, 1, 0])
    np.testing.assert_array_equal(track.asks[:, 1], [1, 1, 0, 0])
    np.testing.assert_array_equal(track.reward.sum(0), [3, 2])
    assert (track.action[track.asks] == 2).all()  # in the environment's own numbers
    assert not play(run, pictures=False).episodes[0].pictures
