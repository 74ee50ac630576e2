"""Proximal policy optimisation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.models import ActorCritic
from ecotone.ops import devices
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.distributions import entropy
from ecotone.ops.fragments import beside, in_sequence, pieces
from ecotone.ops.losses import added, clipped_ratio, clipped_squared, huber, squared, standardise
from ecotone.ops.normalisers import RunningNormaliser
from ecotone.ops.policies import adapt_kl, kl_cost
from ecotone.ops.returns import gae
from ecotone.ops.schedules import Linear, Schedule, now
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any
RETURNS = RunningNormaliser()
"""How values are shifted and scaled where they are normalised."""


class PPOState(NamedTuple):
    """Network, its optimiser's state, environment steps seen, the weight of the divergence, what returns have been.

    The last two are `()` where nothing asks for them.
    """

    network: Tree
    optimizer: Tree
    steps: Array
    kl_cost: Tree
    returns: Tree


class Batch(NamedTuple):
    """Rows with what the loss compares them to; `weight` is false where nobody decided, `policy` the one to stay close to.

    Lanes come first where a network with memory reads rows in sequence, `[B, T, ...]`; else all rows stand beside each
    other, `[T · B, ...]`. Minibatches are taken along axis 0.
    """

    observation: Tree
    is_first: Array
    action: Array
    log_prob: Array
    advantage: Array
    target: Array
    weight: Array
    value: Array
    policy: Tree = ()


@frozen
class PPO:
    """Proximal policy optimisation: many small steps on fresh rows, fenced by a clipped probability ratio.

    Schulman et al. 2017 (arXiv:1707.06347, eq. 7 and 9; eq. 8 and section 4 with `kl_cost`), with generalised advantages
    (arXiv:1506.02438, eq. 16).
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = Adam(Linear(2.5e-3, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 0.999. More looks further ahead and is noisier."""
    trace: float = 0.95
    """λ of the advantages; usually 0.8 to 1. More trusts rewards over values: less bias, more variance."""
    normalise: bool = True
    """Shift and scale a minibatch's advantages to mean 0 and deviation 1; off, rewards must have a sensible size."""
    clip: float | Schedule = 0.2
    """How far the probability ratio may gain from 1; usually 0.1 to 0.3. More moves the policy further per update."""
    value_cost: float = 0.5
    """Weight of the value loss; usually 0.25 to 1. It matters where policy and value share an encoder."""
    value_clip: float | None = None
    """How far a value may gain from its old one, in units of returns; none is without. Less holds values back more."""
    value_huber: float | None = None
    """Size of an error of values from which on it counts in proportion, usually 1 to 10; none squares however large ones."""
    value_normalise: bool = False
    """Learn values of returns shifted and scaled to mean 0 and deviation 1 (arXiv:2103.01955, section 5.1), as clips are."""
    entropy_cost: float | Schedule = 0.01
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    kl_stop: float | None = None
    """Divergence from the old policy, in nats, that ends an update early; usually 0.01 to 0.05; none lets it go on."""
    kl_cost: float | None = None
    """First weight of the divergence from the old policy in the loss; usually 0.2 to 1; none is without."""
    kl_target: float | None = None
    """Divergence, in nats, that `kl_cost` adapts to; usually 0.003 to 0.03; none leaves the weight as it is."""
    epochs: int = 4
    """Passes over each fragment; usually 3 to 20. More learns more from each row until the ratio clips everywhere."""
    minibatches: int = 4
    """Pieces per pass; usually 4 to 32. More makes more, noisier steps."""
    feed: Rollout = Rollout(128)
    """Fresh rows per lane and update."""
    extra_loss: Callable[[Tree, Batch], Array] | None = None
    """Function of network and minibatch, added to the loss; none adds nothing."""

    def init(self, key: Key, spec: Spec) -> PPOState:
        """Fresh weights; raises `Mistake` for a model without a policy or a value, and a divergence without a weight."""
        network = actor_critic.fresh_network(self, key, spec)
        returns = RETURNS.init(jnp.zeros(())) if self.value_normalise else ()
        return PPOState(network, self.optimizer.init(network), jnp.zeros((), jnp.int32), first_kl_cost(self), returns)

    initial_memory, policy = actor_critic.initial_memory, actor_critic.policy
    act, observe = actor_critic.act_and_judge, actor_critic.observe

    def update(self, state: PPOState, rows: Trajectory, key: Key) -> tuple[PPOState, Report]:
        """Epochs of minibatches over the rows."""
        batch, returns = self._batch(state, rows)
        network, optimizer, kl_cost, metrics = descend(self, state, batch, rows.memory, key)
        return PPOState(network, optimizer, state.steps, kl_cost, returns), Report(metrics)

    def _batch(self, state: PPOState, rows: Trajectory) -> tuple[Batch, Tree]:
        """Rows as minibatches are cut of, and what returns have been by now."""
        said = actor_critic.values(state.network, rows)
        value, returns = RETURNS.invert(state.returns, said) if self.value_normalise else said, state.returns
        advantage = gae(rows, value, self.gamma, self.trace)
        target = advantage + value[:-1]
        behaviour = actor_critic.decisions_of(rows.extras["policy"])
        seen, is_first, action, acted = actor_critic.decisions_of((rows.observation, rows.is_first, rows.action, rows.acted))
        log_prob = behaviour.log_prob(action)
        if self.value_normalise:
            returns = RETURNS.update(returns, target, acted)
            target = RETURNS.apply(returns, target)
        batch = Batch(seen, is_first, action, log_prob, advantage, target, acted, said[:-1])
        batch = batch if self.kl_cost is None else batch._replace(policy=behaviour)
        return beside(batch, rows.memory), returns


def first_kl_cost(algorithm: Any) -> Tree:
    """The weight of the divergence to begin with, `()` for none; raises `Mistake` where a target has no weight to adapt."""
    if algorithm.kl_cost is not None:
        return jnp.asarray(algorithm.kl_cost, jnp.float32)
    if algorithm.kl_target is not None:
        raise Mistake("kl_target adapts kl_cost: give that too, or kl_stop to end updates early.")
    return ()


def descend(algorithm: Any, state: Any, batch: Batch, memory: Tree, key: Key) -> tuple[Tree, Tree, Tree, dict[str, Array]]:
    """Steps down `surrogate` over shuffled minibatches: `(network, optimizer state, kl_cost, metrics)`.

    Arguments:
        algorithm: `PPO`, or what has all of its options.
        state: `PPOState`, or what has its fields.
        batch: from `beside`.
        memory: before the rows, lanes first; `()` where rows need not be read in sequence.
        key: of the shuffles.
    """
    stop, optimizer = algorithm.kl_stop, algorithm.optimizer
    what = "lanes" if jax.tree.leaves(memory) else "rows"
    order = pieces(key, len(batch.weight), algorithm.epochs, algorithm.minibatches, what)

    def once(carry: tuple[Tree, Tree, Tree], index: Array) -> tuple[tuple[Tree, Tree, Tree], dict[str, Array]]:
        network, state_of, going = carry
        piece, before = jax.tree.map(lambda x: x[index], (batch, memory))
        loss = lambda network: surrogate(algorithm, network, piece, before, state)
        gradient, metrics = jax.grad(loss, has_aux=True)(network)
        after = optimizer.descend(network, state_of, gradient, state.steps)
        if stop is not None:
            going = going & (devices.average(metrics["kl"]) <= stop)
            after = jax.tree.map(lambda new, old: jnp.where(going, new, old), after, (network, state_of))
            metrics["stopped"] = 1.0 - going
        return (*after, going), metrics

    going = () if stop is None else jnp.asarray(True)
    (network, state_of, _), metrics = jax.lax.scan(once, (state.network, state.optimizer, going), order)
    metrics, last = jax.tree.map(jnp.mean, metrics), jax.tree.map(lambda x: x[-algorithm.minibatches :].mean(), metrics)
    metrics["learning_rate"], cost = optimizer.learning_rate(state.steps), state.kl_cost
    if algorithm.kl_target is not None:
        metrics["kl_cost"], cost = cost, adapt_kl(cost, devices.average(last["divergence"]), algorithm.kl_target)
    return network, state_of, cost, metrics


def surrogate(algorithm: Any, network: Tree, batch: Batch, memory: Tree, state: Any) -> tuple[Array, dict[str, Array]]:
    """The loss of a minibatch and its parts: clipped policy gradient, value, entropy, and divergence where asked for."""
    batch = in_sequence(batch, memory)
    (policy, value), _ = network(batch.observation, batch.is_first, memory)
    log_ratio, clip = policy.log_prob(batch.action) - batch.log_prob, now(algorithm.clip, state.steps)
    mean = lambda values: masked_mean(values, batch.weight)
    advantage = standardise(batch.advantage, batch.weight) if algorithm.normalise else batch.advantage
    policy_loss = mean(clipped_ratio(log_ratio, advantage, clip))
    cost = squared if algorithm.value_huber is None else lambda error: huber(error, algorithm.value_huber)
    if algorithm.value_clip is None:
        value_loss = mean(cost(value - batch.target))
    else:
        value_loss = mean(clipped_squared(value, batch.value, batch.target, algorithm.value_clip, cost))
    bonus = mean(entropy(policy, batch.action))
    loss = policy_loss + algorithm.value_cost * value_loss - now(algorithm.entropy_cost, state.steps) * bonus
    loss = loss + added(algorithm.extra_loss, network, batch)
    ratio = jnp.exp(log_ratio)
    told = {
        "policy_loss": policy_loss,
        "value_loss": value_loss,
        "entropy": bonus,
        "kl": mean(ratio - 1.0 - log_ratio),
        "clip_fraction": mean((jnp.abs(ratio - 1.0) > clip).astype(jnp.float32)),
    }
    if algorithm.kl_cost is not None:
        told["divergence"] = mean(divergence(batch.policy, policy))
        loss = loss + state.kl_cost * told["divergence"]
    return loss, told


def divergence(old: Tree, new: Tree) -> Array:
    """KL(old ‖ new) in nats; raises `Mistake` for policies that have none in closed form."""
    try:
        return kl_cost(old, new)
    except AttributeError as error:
        raise Mistake("kl_cost needs policies whose divergence has a closed form: leave it out, or take kl_stop.") from error
