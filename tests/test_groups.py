"""Groups of agents: who is in which, what their algorithms see, and that they learn what they would learn alone."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone import DQN, PPO, Experiment, Group, Past, Random, Scripted, Updated, begin, evaluate, load, train
from ecotone.checkpoint import newest
from ecotone.envs.classic.multi_agent_cartpole import MultiAgentCartPole
from ecotone.envs.wrappers import ClipReward
from ecotone.evaluation import Evaluator
from ecotone.feed import Replay, Rollout
from ecotone.groups import ALL
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant
from ecotone.parties import begin_from_sources, join
from ecotone.runtime.collect import collect
from ecotone.runtime.compiled import Compiled
from ecotone.runtime.learn import learn
from ecotone.runtime.local import Local
from ecotone.testing.probes import InTurn
from ecotone.training import make_engine

SMALL = Encoder((8,))
PPO_SMALL = PPO(ActorCritic(SMALL), Adam(Constant(2e-2)), gamma=0.5, epochs=2, minibatches=2, feed=Rollout(10))
DQN_SMALL = DQN(
    QNetwork(SMALL), Adam(Constant(1e-2)), gamma=0.5, n=1, epsilon=Constant(0.2), target_period=20,
    replay=Replay(2_000, batch=32, warmup=300, ratio=0.1),
)  # fmt: skip


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A run of PPO and DQN in turns, and what its updates told."""
    groups = {"policies": Group(PPO_SMALL, ("first",)), "values": Group(DQN_SMALL)}
    out = str(tmp_path_factory.mktemp("runs"))
    experiment = Experiment(InTurn(3, 6), groups=groups, num_envs=8, steps=9_000, seed=3, out=out)
    told: list[Updated] = []
    return train(experiment, watch=lambda event: told.append(event) if isinstance(event, Updated) else None), told


def test_a_mix_of_algorithms_learns_in_turns_from_late_rewards(mixed):
    run, told = mixed
    scored = evaluate(run, 16)
    assert scored.agents is not None
    assert scored.groups is not None
    assert {name: np.mean(got) for name, got in scored.agents.items()} == {"first": 2.0, "second": 2.0, "third": 2.0}
    assert scored.returns == (6.0,) * 16
    assert scored.lengths == (6,) * 16
    assert {name.split("/")[0] for name in told[-1].metrics} == {"policies", "values"}
    assert {name.split("/")[0] for name in told[0].metrics} == {"policies"}, "the replay still warmed up"
    header = (run.folder / "progress.csv").read_text().splitlines()[0]
    assert {"return_mean/policies", "agent_return_mean/third", "values/loss"} <= set(header.split(","))
    engine = make_engine(run.experiment)
    _, saved = newest(run.checkpoints, engine.save().tree)
    counted = [saved.tree.learner.state[name].steps for name in run.experiment.groups]
    assert counted[0] == counted[1] == run.steps(), "algorithms count steps of the environment, whoever's turn it is"
    first = {"policies": np.ones(2, bool), "values": np.ones(4, bool), ALL: np.ones(2, bool)}
    seen = {"policies": np.zeros(2, np.int32), "values": np.array([0, 1, 1, 0], np.int32), ALL: first}
    now = engine.stream.start(jax.random.key(0))[1]._replace(observation=seen, is_first=first)
    policy = load(run)
    action, _ = policy.act(jax.tree.map(np.asarray, now), policy.initial_memory(2))
    np.testing.assert_array_equal(action["values"], [0, 1, 1, 0])


def test_a_policy_answers_agents_by_name(mixed):
    policy = load(mixed[0])
    actions, memory = policy({"first": [0, 1, 1]})
    assert {name: action.tolist() for name, action in actions.items()} == {"first": [0, 1, 1]}
    assert memory.known.alive["player"].tolist() == [[True, False, False]] * 3
    actions, memory = policy({"third": [1, 0, 0], "second": [0, 0, 1]}, memory, reward={"first": 1.0})
    assert {name: action.tolist() for name, action in actions.items()} == {"second": [0, 0, 1], "third": [1, 0, 0]}
    _, memory = policy({"second": [0, 0, 1]}, memory, is_first=[True, False, False])
    assert memory.known.alive["player"].tolist() == [[False, True, False], [True, True, True], [True, True, True]]
    with pytest.raises(Mistake, match=r"no agent 'fist'\. Did you mean 'first'"):
        policy({"fist": [0]})
    with pytest.raises(Mistake, match="nobody is asked"):
        policy({})


def test_a_group_begins_with_what_another_run_learned(mixed):
    run, _ = mixed
    groups = {
        "fixed": Group(PPO_SMALL, ("first",), train=False, source=f"{run.folder}:policies"),
        "policies": Group(PPO_SMALL, ("second",), source=str(run.folder)),
        "others": Group(Random()),
    }
    training = begin(replace(run.experiment, groups=groups))
    before = jax.tree.leaves(load(run).params["policies"])
    same = lambda name: [
        (a == b).all() for a, b in zip(before, jax.tree.leaves(training.engine.params()[name]), strict=True)
    ]
    assert all(same("fixed"))
    assert all(same("policies"))
    (piece,) = training.engine.advance(1)
    assert all(same("fixed"))
    assert not all(same("policies"))
    assert {name.split("/")[0] for name in piece.metrics} == {"policies"}
    assert training.engine.save().tree.learner.state["policies"].steps == int(piece.acted[:-1].sum())
    wrong = {f"{run.folder}:nobody": "it has policies, values: say which", "nowhere": "not the folder of a run"}
    for source, message in wrong.items():
        with pytest.raises(Mistake, match=message):
            begin_from_sources(replace(run.experiment, groups={"fixed": Group(PPO_SMALL, source=source)}), training.engine)


def test_opponents_play_the_past(mixed):
    run, _ = mixed
    groups = {"self": Group(PPO_SMALL, ("first",)), "past": Group(PPO_SMALL, past=Past("self", size=3, every=2))}
    engine = make_engine(replace(run.experiment, env=InTurn(2), groups=groups))
    weight = lambda params: np.asarray(jax.tree.leaves(params)[0])
    learned, played = [weight(engine.params()["self"])], []
    for _ in range(12):
        engine.advance(1)
        learned.append(weight(engine.params()["self"]))
        (number,) = (i for i, each in enumerate(learned) if (each == weight(engine.params()["past"])).all())
        played.append(number)
    assert {number % 2 for number in played} == {0}, "every second policy is kept"
    assert len(set(played)) > 2
    assert all(now - number <= 7 for now, number in enumerate(played, 1)), "three are"


@pytest.mark.parametrize("other", [Group(Random(), train=False), Group(PPO_SMALL, shared=False), Group(DQN_SMALL)])
def test_a_past_that_cannot_be_played(other):
    groups = {"self": replace(other, agents=("first",)), "past": Group(PPO_SMALL, past=Past("self"))}
    with pytest.raises(Mistake, match="plays the past of"):
        make_engine(Experiment(InTurn(), groups=groups))


def test_scripted_agents_do_what_their_function_says():
    """The one who names what it sees is paid for each of its moves; the one who names the other bit never."""
    groups = {"right": Group(Scripted(lambda seen: seen), ("first",)), "wrong": Group(Scripted(lambda seen: 1 - seen))}
    experiment = Experiment(InTurn(2, 6), groups=groups, num_envs=4, steps=100)
    engine = make_engine(experiment)
    scored = Evaluator(experiment, 4)(engine.params())
    assert scored.groups == {"right": (3.0,) * 4, "wrong": (0.0,) * 4}
    (piece,) = engine.advance(1)
    assert piece.updates == {"right": 0, "wrong": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": None, "algorithm": None}, "needs an algorithm, or groups"),
        ({"env": "CartPole-v1"}, "divide the agents of an environment with several"),
        ({"wrappers": (ClipReward(1.0),)}, "wrappers stand before an environment of one agent"),
        ({"groups": {"x": Group(PPO(), ("first",)), "y": Group(PPO_SMALL)}}, r"unlike lengths \(x 128, y 10\)"),
        ({"groups": {"x": Group(DQN(replay=Replay(storage="host")))}}, "leave the replay's `storage` out"),
        ({"groups": {"x": Group(DQN(replay=Replay(ratio=0.001)), ("first",)), "y": Group(PPO_SMALL)}}, "x learns every"),
    ],
)
def test_what_cannot_be_combined(change, message):
    fields = {"env": InTurn(), "groups": {"x": Group(PPO_SMALL)}, "num_envs": 2} | change
    with pytest.raises(Mistake, match=message):
        make_engine(Experiment(**fields))


class Hosted:
    """A compiled stream of many agents stepped from outside; what it tells is NumPy's."""

    def __init__(self, stream):
        self.teams, self.state_space, self.simultaneous = stream.teams, stream.state_space, stream.simultaneous
        self.lanes, self._start, self._step = stream.lanes, jax.jit(stream.start), jax.jit(stream.step)

    def start(self, key):
        return self._told(self._start(key))

    def step(self, state, action):
        return self._told(self._step(state, action))

    def _told(self, both):
        return both[0], jax.tree.map(np.asarray, both[1])


def test_compiled_and_local_collect_and_learn_the_same(mixed):
    run, _ = mixed
    compiled = make_engine(run.experiment)
    algorithm, stream = join(run.experiment, Hosted(compiled.stream.stream))
    local = Local(algorithm, stream, run.experiment.seed, actor="jax")
    for _ in range(4):
        (piece,), (other,) = compiled.advance(1), local.advance(1)
        for field in ("is_first", "acted", "reward"):
            np.testing.assert_array_equal(getattr(piece, field), getattr(other, field))
        assert piece.updates == jax.tree.map(int, other.updates)
    for mine, theirs in zip(jax.tree.leaves(compiled.params()), jax.tree.leaves(local.params()), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=2e-4)


@pytest.fixture(scope="module")
def independent():
    """Three policies of their own after a few fragments, in which agents fall at different times."""
    groups = {"each": Group(replace(PPO_SMALL, feed=Rollout(40)), shared=False)}
    engine = make_engine(Experiment(MultiAgentCartPole(3), groups=groups, num_envs=4, steps=1_000))
    assert isinstance(engine, Compiled)
    for _ in range(3):
        engine.advance(10_000)
    return engine


def test_independent_policies_are_one_program(independent):
    assert independent._program.executables == 1
    weights = jax.tree.leaves(independent.params()["each"])
    assert all(len(leaf) == 3 for leaf in weights)
    assert any((leaf[0] != leaf[1]).any() for leaf in weights)


def fragment(engine):
    carry, key = engine._program.carried, jax.random.key(5)
    given = carry.params, engine.stream, carry.stream, carry.now, carry.memory, key, engine.length
    return carry, collect(engine.algorithm, *given)[3]


def test_rows_of_absent_agents_move_nothing(independent):
    carry, rows = fragment(independent)
    acted = rows.acted["each"]
    absent = ~acted & jnp.roll(~acted, 1, 0) & ~rows.is_first["each"]
    absent = absent.at[0].set(False).at[-1].set(False)
    assert absent.any(), "somebody must have fallen before the others"
    wide = lambda x: absent.reshape(*absent.shape, *(1,) * (x.ndim - 2))
    garble = lambda x: jnp.where(wide(x), (1 - x).astype(x.dtype), x)
    fields = ("observation", "action", "reward", "extras")
    changed = {f: getattr(rows, f) | {"each": jax.tree.map(garble, getattr(rows, f)["each"])} for f in fields}
    other = rows._replace(**changed)
    once = jax.jit(lambda rows: learn(independent.algorithm, carry.learner, rows).params)
    for one, two in zip(jax.tree.leaves(once(rows)), jax.tree.leaves(once(other)), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-7)
    changed = rows._replace(reward=rows.reward | {"each": rows.reward["each"].at[:, 0].add(1.0)})
    one, two = once(rows)["each"], once(changed)["each"]
    moved = [any((a[i] != b[i]).any() for a, b in zip(*map(jax.tree.leaves, (one, two)), strict=True)) for i in range(3)]
    assert moved == [True, False, False], "agent 0 alone learns from the rewards of its lanes"
