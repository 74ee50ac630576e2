"""What algorithms of a policy and a value share (arXiv:1602.01783): they differ in their loss and in how rows reach it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.mistakes import Mistake
from ecotone.networks.reading import kind_of, output_of, read_policy, read_row
from ecotone.ops.distributions import entropy, recorded
from ecotone.protocols import Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class ActorCriticState(NamedTuple):
    """Network, its optimiser's state, environment steps seen."""

    network: Tree
    optimizer: Tree
    steps: Array


class Read(NamedTuple):
    """What a network says of rows `[T + 1, B]`: of the decisions `[T, B]`, and the value of every row `[T + 1, B]`."""

    log_prob: Array
    entropy: Array
    value: Array


def fresh_network(algorithm: Any, key: Key, spec: Spec) -> Tree:
    """A network of the algorithm's model; raises `Mistake` for one without a policy or without a value."""
    network = algorithm.model.init(key, spec)
    told = output_of(algorithm.model, network, spec)
    if not (hasattr(told, "policy") and hasattr(told, "value") and hasattr(network, "policy")):
        name = type(algorithm).__name__
        raise Mistake(f"{name} needs a policy and a value of its model, not {kind_of(told)}: use ActorCritic.")
    return network


def init(algorithm: Any, key: Key, spec: Spec) -> ActorCriticState:
    """Fresh weights; raises `Mistake` for a model without a policy or without a value."""
    network = fresh_network(algorithm, key, spec)
    return ActorCriticState(network, algorithm.optimizer.init(network), jnp.zeros((), jnp.int32))


def initial_memory(algorithm: Any, lanes: int) -> Tree:
    """The model's memory before the first row."""
    return algorithm.model.initial_memory(lanes)


def policy(algorithm: Any, state: Any) -> Tree:
    """The network."""
    return state.network


def act(algorithm: Any, params: Tree, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
    """Sample from the policy, or take its mode; the extras are the policy, as rows are to remember it."""
    policy, memory = read_policy(params, observation, is_first, memory)
    action = policy.sample(key) if explore else policy.mode()
    return action, {"policy": recorded(policy, action)}, memory


def act_and_judge(
    algorithm: Any, params: Tree, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool
) -> Any:
    """`act`, whose rows remember the value too where that costs next to nothing."""
    if not (explore and getattr(params, "tells_both", False)):
        return act(algorithm, params, observation, is_first, memory, key, explore)
    (policy, value), memory = read_row(params, observation, is_first, memory)
    action = policy.sample(key)
    return action, {"policy": recorded(policy, action), "value": value}, memory


def values(network: Tree, rows: Trajectory) -> Array:
    """The values of rows `[T + 1, B]`: those of decisions as the rows remember them, if they do, all others read."""
    read = lambda observation, is_first, memory: network(observation, is_first, memory)[0].value
    everything = lambda: read(rows.observation, rows.is_first, rows.memory)
    if "value" not in rows.extras:
        return everything()
    most = 2 * rows.acted.shape[1]
    others = ~rows.acted.reshape(-1)

    def few() -> Array:
        at = jnp.nonzero(others, size=most, fill_value=0)[0]
        of_others = lambda x: x.reshape(-1, *x.shape[2:])[at]
        seen = read(jax.tree.map(of_others, rows.observation), of_others(rows.is_first), ())
        return rows.extras["value"].reshape(-1).at[at].set(seen).reshape(rows.acted.shape)

    return jax.lax.cond(others.sum() <= most, few, everything)


def observe(algorithm: Any, state: Any, rows: Trajectory) -> Any:
    """Count steps."""
    return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))


def decisions_of(tree: Tree) -> Tree:
    """The rows that may have decided, `[T, ...]` of `[T + 1, ...]`."""
    return jax.tree.map(lambda x: x[:-1], tree)


def read(network: Tree, rows: Trajectory) -> Read:
    """Rows `[T + 1, B]` read in one go."""
    (policy, value), _ = network(rows.observation, rows.is_first, rows.memory)
    return Read(policy.log_prob(rows.action)[:-1], entropy(policy, rows.action)[:-1], value)


def remembered_log_prob(rows: Trajectory) -> Array:
    """Log-probability of the actions under the policy that chose them, `[T, B]`; 0 where nobody decided."""
    behaviour, action, acted = decisions_of((rows.extras["policy"], rows.action, rows.acted))
    return jnp.where(acted, behaviour.log_prob(action), 0.0)


def update(algorithm: Any, state: ActorCriticState, rows: Trajectory, key: Key) -> tuple[ActorCriticState, Report]:
    """One step down the algorithm's `loss` of a fragment."""
    loss = lambda network: algorithm.loss(network, rows, state.steps)
    gradient, metrics = jax.grad(loss, has_aux=True)(state.network)
    network, optimizer = algorithm.optimizer.descend(state.network, state.optimizer, gradient, state.steps)
    metrics["learning_rate"] = algorithm.optimizer.learning_rate(state.steps)
    return ActorCriticState(network, optimizer, state.steps), Report(metrics)
