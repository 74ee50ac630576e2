"""Twin delayed deep deterministic policy gradients."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic, soft_actor
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.critics import CriticRecipe, Critics
from ecotone.networks.models import DeterministicActor
from ecotone.networks.reading import forgets, kind_of, output_of, read_row
from ecotone.ops.action_noise import ActionNoise, Gaussian, around
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer, polyak
from ecotone.ops.deterministic import action_slope, dpg
from ecotone.ops.exploration import gaussian_noise
from ecotone.ops.losses import added
from ecotone.ops.minibatches import Transition, importance, transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class TD3Networks(NamedTuple):
    """Actor and critics."""

    actor: Tree
    critics: Tree


class TD3State(NamedTuple):
    """Networks, their lagging copies, the optimisers' states, environment steps seen, updates made."""

    networks: TD3Networks
    target: TD3Networks
    optimizers: TD3Networks
    steps: Array
    updates: Array


class TD3Policy(NamedTuple):
    """The actor, and whether actions are still drawn evenly at random."""

    actor: Tree
    warming: Array


@frozen
class TD3:
    """Twin delayed DDPG: off-policy control of continuous actions by one action per observation, and noise around it.

    Fujimoto et al. (arXiv:1802.09477, algorithm 1): the least of two critics, an actor and targets that move less often than
    the critics, and targets smoothed by noise. n-step returns as in arXiv:1804.08617, section 3.
    """

    actor: Model = DeterministicActor()
    """Network of one action for what is seen."""
    critics: CriticRecipe = Critics(stacked=True)
    """Values of observation and action; `QuantileCritics` learn their distribution."""
    optimizer: Optimizer = Adam(Constant(3e-4), clip_norm=None, epsilon=1e-8)
    """Step size of the critics."""
    actor_optimizer: Optimizer = Adam(Constant(3e-4), clip_norm=None, epsilon=1e-8)
    """Step size of the actor."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 1
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    target_rate: float = 0.005
    """How far the targets move at each of their updates; usually 0.001 to 0.05. More is faster and less stable."""
    delay: int = 2
    """Updates of the critics for one of actor and targets; usually 1 to 4. More lets values settle, and learns later."""
    smoothing: float = 0.2
    """Deviation of the noise around target actions; usually 0 to 0.3. More blurs narrow peaks of the value."""
    smoothing_clip: float = 0.5
    """Largest size of that noise; usually 0.5."""
    noise: ActionNoise | None = Gaussian(0.1)
    """Around actions that explore: `Gaussian`, `OrnsteinUhlenbeck`, or none."""
    replay: Replay = Replay(capacity=1_000_000, batch=256, warmup=1_000, ratio=1.0, length=8)
    """What is kept and how often it is learned from: after 8 steps 8 times, which is one program instead of eight."""

    extra_loss: Callable[[TD3Networks, Trajectory], Array] | None = None
    """Function of both networks and windows of rows, added to the loss; none adds nothing."""

    feed, initial_memory, observe = soft_actor.feed, soft_actor.initial_memory, actor_critic.observe

    def init(self, key: Key, spec: Spec) -> TD3State:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector, `Mistake` for an actor that is unfit."""
        if not forgets(self.actor.initial_memory(1)):
            raise Mistake("TD3's critics read single rows: give it an actor without a memory, or take PPO or DQN.")
        check_delay(self)
        key_actor, key_critics = jax.random.split(key)
        networks = TD3Networks(self.actor.init(key_actor, spec), self.critics.init(key_critics, spec))
        told = output_of(self.actor, networks.actor, spec)
        if not isinstance(told, jax.ShapeDtypeStruct):
            raise Mistake(f"TD3 needs one action of its actor, not {kind_of(told)}: use DeterministicActor.")
        return fresh_state(self, networks)

    def policy(self, state: TD3State) -> TD3Policy:
        """The actor, and whether the replay still warms up."""
        return TD3Policy(state.networks.actor, state.steps < self.replay.warmup)

    def act(self, params: TD3Policy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """The actor's action, with noise around it where it explores (even draws while the replay warms up)."""
        action, _ = read_row(params.actor, observation, is_first, ())
        if explore:
            action, memory = around(self.noise, key, action, params.warming, is_first, memory)
        return action, (), memory

    def update(self, state: TD3State, rows: Trajectory, key: Key) -> tuple[TD3State, Report]:
        """One step of the critics; on each `delay`-th update also one of actor and targets."""
        return delayed_update(self, state, transition(rows, self.gamma), rows, key)

    def critic_loss(self, critics: Tree, target: TD3Networks, batch: Transition, weight: Array, key: Key) -> Any:
        """The loss, and `(mean value, priority of each window)`."""
        ahead = target.actor(batch.following, None, ())[0]
        ahead = gaussian_noise(key, ahead, self.smoothing, self.smoothing_clip).clip(-1.0, 1.0)
        cost = jnp.zeros_like(batch.reward)
        goal = self.critics.goal(target.critics(batch.following, ahead), batch.reward, batch.discount, cost)
        said = critics(batch.observation, batch.action)
        value = masked_mean(self.critics.gain(said), batch.weight)
        loss = (weight * batch.weight * self.critics.loss(said, goal)).mean()
        return loss, (value, batch.weight * self.critics.error(said, goal))

    def actor_loss(self, networks: TD3Networks, batch: Transition, weight: Array, rows: Trajectory, key: Key) -> Array:
        """The loss of the actor, which climbs the first critic."""
        action, first = networks.actor(batch.observation, None, ())[0], networks.critics.first()
        _, slope = action_slope(lambda action: self.critics.gain(first(batch.observation, action)), action)
        return (weight * batch.weight * dpg(action, slope)).mean() + added(self.extra_loss, networks, rows)


def check_delay(algorithm: Any) -> None:
    """Raise `Mistake` for a delay of actors of less than one update."""
    if algorithm.delay < 1:
        raise Mistake(f"{type(algorithm).__name__}'s `delay` is {algorithm.delay}, but must be at least 1.")


def fresh_state(algorithm: Any, networks: TD3Networks) -> TD3State:
    """Targets that are copies, and fresh optimisers."""
    actor, critics = algorithm.actor_optimizer.init(networks.actor), algorithm.optimizer.init(networks.critics)
    zero = jnp.zeros((), jnp.int32)
    return TD3State(networks, jax.tree.map(jnp.copy, networks), TD3Networks(actor, critics), zero, zero)


def delayed_update(
    algorithm: Any, state: TD3State, batch: Transition, rows: Trajectory, key: Key
) -> tuple[TD3State, Report]:
    """A step down the algorithm's `critic_loss`, and on each `delay`-th update one down its `actor_loss`.

    With the actor move the targets of both (arXiv:1802.09477, algorithm 1). The rows' importance weighs both losses.
    """
    weight, key_actor = importance(rows), jax.random.fold_in(key, 1)

    def loss(critics: Tree) -> tuple[Array, tuple[Array, Array]]:
        cost, told = algorithm.critic_loss(critics, state.target, batch, weight, key)
        return cost + added(algorithm.extra_loss, state.networks._replace(critics=critics), rows), told

    (cost, (value, priority)), gradient = jax.value_and_grad(loss, has_aux=True)(state.networks.critics)
    learned = algorithm.optimizer.descend(state.networks.critics, state.optimizers.critics, gradient, state.steps)
    networks, optimizers = state.networks._replace(critics=learned[0]), state.optimizers._replace(critics=learned[1])
    updates = state.updates + 1

    def move(actor: Tree, optimizer: Tree, target: TD3Networks) -> tuple[Tree, Tree, TD3Networks]:
        loss = lambda actor: algorithm.actor_loss(networks._replace(actor=actor), batch, weight, rows, key_actor)
        moved, optimizer = algorithm.actor_optimizer.descend(actor, optimizer, jax.grad(loss)(actor), state.steps)
        return moved, optimizer, polyak(target, networks._replace(actor=moved), algorithm.target_rate)

    carried = networks.actor, optimizers.actor, state.target
    if algorithm.delay > 1:
        carried = jax.lax.cond(updates % algorithm.delay == 0, move, lambda *kept: kept, *carried)
    else:
        carried = move(*carried)
    networks, optimizers = networks._replace(actor=carried[0]), optimizers._replace(actor=carried[1])
    report = Report({"critic_loss": cost, "value": value}, priority)
    return TD3State(networks, carried[2], optimizers, state.steps, updates), report
