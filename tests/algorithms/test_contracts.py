"""Every algorithm keeps its contract, and the check notices those that do not."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from ecotone.algorithms import ALGORITHMS, MADDPG, VDN
from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.networks.recurrent import GRU
from ecotone.ops.schedules import Constant
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary, MultiDiscrete, Spec
from ecotone.teams import joint_spec
from ecotone.testing import check_algorithm
from ecotone.testing.samples import rows_for
from tests.algorithms.small import (
    NAMED,
    ON_POLICY,
    recurrent_dqn,
    small_ddpg,
    small_discrete_sac,
    small_dqn,
    small_mappo,
    small_matd3,
    small_named,
    small_ppo,
    small_pqn_vdn,
    small_qmix,
    small_sac,
    small_td3,
    small_tqc,
)

SEEN = Box((3,))
VECTOR = Spec(SEEN, Box((2,), low=-2.0, high=2.0))
CHOICE = Spec(SEEN, Discrete(3, start=1))
LEGAL = Spec(Dict({"observation": SEEN, ACTION_MASK: MultiBinary((3,))}), Discrete(3))
TEAM, LEGAL_TEAM = (joint_spec(spec, 3, Box((4,))) for spec in (CHOICE, LEGAL))
BODIES = joint_spec(VECTOR, 2, Box((4,)))
CENTRAL = Spec(Dict({"observation": SEEN, "state": Box((4,)), ACTION_MASK: MultiBinary((3,))}), Discrete(3))
MEMORY = ActorCritic(Encoder((8,)), core=GRU(4))
CASES = {
    "a2c": (ON_POLICY["a2c"], CHOICE),
    "a3c": (replace(ON_POLICY["a3c"], model=MEMORY), VECTOR),
    "appo": (replace(ON_POLICY["appo"], model=MEMORY, kl_cost=0.2, kl_target=0.01), CHOICE),
    "impala": (replace(ON_POLICY["impala"], model=MEMORY), CHOICE),
    "pg": (replace(ON_POLICY["pg"], baseline=True), VECTOR),
    "pqn": (replace(ON_POLICY["pqn"], model=QNetwork(Encoder((8,)), core=GRU(4))), CHOICE),
    "dqn": (small_dqn(), CHOICE),
    "dqn-3-step": (small_dqn(n=3), CHOICE),
    "dqn-with-noise": (replace(small_dqn(), model=QNetwork(Encoder((8,)), dueling=True, noisy=0.5)), CHOICE),
    "dqn-of-choices": (small_dqn(), Spec(Discrete(4), Discrete(2))),
    "dqn-with-memory": (recurrent_dqn(), CHOICE),
    **{name: (small_named(kind), CHOICE) for name, kind in NAMED.items()},
    "qmix": (small_qmix(core=GRU(4), sequence=3, burn_in=1, n=2), LEGAL_TEAM),
    "vdn": (small_qmix(VDN), TEAM),
    "pqn-vdn": (small_pqn_vdn(), LEGAL_TEAM),
    "matd3": (small_matd3(n=2), BODIES),
    "maddpg": (small_matd3(MADDPG, shared=True), LEGAL_TEAM),
    "mappo": (replace(small_mappo(), model=replace(small_mappo().model, core=GRU(4))), CENTRAL),
    "ppo": (small_ppo(), CHOICE),
    "ppo-vector": (small_ppo(), VECTOR),
    "ppo-multi": (small_ppo(), Spec(MultiDiscrete((2, 3)), MultiDiscrete((2, 3), start=(1, 1)))),
    "ppo-with-memory": (small_ppo(model=ActorCritic(Encoder((8,)), core=GRU(8))), CHOICE),
    "sac": (small_sac(), VECTOR),
    "discrete-sac": (small_discrete_sac(), CHOICE),
    "tqc": (small_tqc(), VECTOR),
    "td3": (small_td3(n=2), VECTOR),
    "ddpg": (small_ddpg(), VECTOR),
}


def test_every_algorithm_is_checked():
    assert {type(algorithm) for algorithm, _ in CASES.values()} == set(ALGORITHMS.values())


@pytest.mark.parametrize("case", CASES)
def test_algorithms_keep_their_contract(case):
    check_algorithm(*CASES[case])


@dataclass(frozen=True)
class Spoiled:
    """PPO with one of its functions replaced."""

    replaced: str
    function: Any
    inner: Any = small_ppo()

    def __getattr__(self, name):
        if name == self.replaced:
            return lambda *arguments: self.function(self.inner, *arguments)
        if name in ("feed", "init", "initial_memory", "policy", "act", "observe", "update"):
            return getattr(self.inner, name)
        raise AttributeError(name)


def backwards(ppo, state, rows, key):
    """Climbs the loss."""
    new, report = ppo.update(state, rows, key)
    network = jax.tree.map(lambda old, moved: 2 * old - moved, state.network, new.network)
    return new._replace(network=network), report


def heedless(ppo, state, rows, key):
    """Learns also from rows without a decision."""
    return ppo.update(state, rows._replace(acted=jnp.ones_like(rows.acted)), key)


def growing(ppo, state, rows):
    """Counts in floats."""
    return state._replace(steps=state.steps + 1.0)


def eager(ppo, params, observation, is_first, memory, key, explore):
    """Explores although told not to."""
    return ppo.act(params, observation, is_first, memory, key, True)


def wide(ppo, params, *rest):
    """Gives actions of another type."""
    action, extras, memory = ppo.act(params, *rest)
    return action.astype(jnp.float32), extras, memory


def forgetful():
    """Counts calls behind its caller's back."""
    calls = iter(range(100))
    return lambda ppo, state, rows: ppo.observe(state, rows)._replace(steps=jnp.asarray(next(calls), jnp.int32))


@pytest.mark.parametrize(
    ("replaced", "function", "told"),
    [
        ("update", backwards, "must fall"),
        ("update", heedless, "rows without `acted` moved the state"),
        ("observe", growing, "changed its"),
        ("observe", forgetful(), "called twice"),
        ("act", eager, "must not depend on the key"),
        ("act", wide, "the spec says int32"),
    ],
)
def test_faults_of_algorithms_are_told(replaced, function, told):
    with pytest.raises(AssertionError, match=told):
        check_algorithm(Spoiled(replaced, function), CHOICE)


@pytest.mark.parametrize(
    ("algorithm", "spec", "told"),
    [
        (small_dqn(), VECTOR, "one discrete choice"),
        (ON_POLICY["pqn"], VECTOR, "one discrete choice"),
        (small_sac(), CHOICE, "vectors"),
    ],
    ids=["dqn", "pqn", "sac"],
)
def test_a_spec_that_cannot_be_served_is_an_error(algorithm, spec, told):
    with pytest.raises(ValueError, match=told):
        algorithm.init(jax.random.key(0), spec)


@pytest.mark.parametrize(
    ("algorithm", "spec", "told"),
    [
        (small_ppo(model=QNetwork(Encoder((8,)))), CHOICE, "PPO needs a policy and a value of its model, not an array"),
        (replace(ON_POLICY["appo"], model=QNetwork(Encoder((8,)))), CHOICE, "APPO needs a policy and a value"),
        (replace(ON_POLICY["pqn"], model=ActorCritic(Encoder((8,)))), CHOICE, "not PolicyValue: use QNetwork"),
        (replace(ON_POLICY["pqn"], model=QNetwork(Encoder((8,)), noisy=0.5)), CHOICE, "leave the model's `noisy` out"),
        (replace(small_ppo(), kl_target=0.01), CHOICE, "give that too, or kl_stop"),
        (replace(small_dqn(), model=ActorCritic(Encoder((8,)))), CHOICE, "not PolicyValue: use QNetwork"),
        (replace(small_sac(), actor=ActorCritic(Encoder((8,)))), VECTOR, "not PolicyValue: use SquashedActor"),
    ],
    ids=[
        "values for ppo",
        "values for appo",
        "policy for pqn",
        "noise for pqn",
        "target without weight",
        "policy for dqn",
        "values for sac",
    ],
)
def test_a_model_that_makes_no_sense_is_an_error(algorithm, spec, told):
    with pytest.raises(Mistake, match=told):
        algorithm.init(jax.random.key(0), spec)


@pytest.mark.parametrize(("algorithm", "spec"), [(small_ppo(), CHOICE), (small_dqn(), CHOICE), (small_sac(), VECTOR)])
def test_a_loss_term_of_ones_own_is_added(algorithm, spec):
    seen = []

    def heavy(network, rows):
        seen.append(rows.observation.shape)
        return 1e3 * sum(jnp.square(leaf).sum() for leaf in jax.tree.leaves(network))

    def weights(algorithm):
        state = algorithm.init(jax.random.key(0), spec)
        rows = rows_for(algorithm, state, spec, jax.random.key(1))
        state, _ = jax.jit(algorithm.update)(state, rows, jax.random.key(2))
        network = state.networks if hasattr(state, "networks") else state.network
        return float(sum(jnp.abs(leaf).sum() for leaf in jax.tree.leaves(network)))

    assert weights(replace(algorithm, extra_loss=heavy)) < weights(algorithm)
    assert seen


def test_noise_in_the_weights_explores_and_is_learned_with():
    algorithm = replace(
        small_dqn(), model=QNetwork(Encoder((8,)), noisy=3.0), epsilon=Constant(0.0), replay=Replay(warmup=0)
    )
    params = algorithm.policy(algorithm.init(jax.random.key(0), CHOICE))
    seen, first = jnp.ones((4, 3)), jnp.zeros(4, bool)
    act = jax.jit(lambda key, explore: algorithm.act(params, seen, first, (), key, explore)[0], static_argnums=1)
    assert len({tuple(act(jax.random.key(i), True).tolist()) for i in range(20)}) > 1
    assert len({tuple(act(jax.random.key(i), False).tolist()) for i in range(20)}) == 1
