"""Twin delayed deep deterministic policy gradients of many agents, with critics that see the whole."""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic, soft_actor
from ecotone.algorithms.td3 import TD3Networks, TD3Policy, TD3State, check_delay, delayed_update, fresh_state
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.reading import forgets, kind_of, output_of, read_row
from ecotone.networks.team_critics import AnyActor, TeamCritics
from ecotone.networks.teams import Agents, counted
from ecotone.ops import noise
from ecotone.ops.action_noise import ActionNoise, Gaussian, around
from ecotone.ops.arrays import masked_mean, namespace
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.deterministic import straight_through
from ecotone.ops.distributions import Categorical
from ecotone.ops.distributions.choices import ILLEGAL
from ecotone.ops.exploration import gaussian_noise
from ecotone.ops.features import one_hot
from ecotone.ops.losses import added, squared
from ecotone.ops.minibatches import Transition, transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model, Report
from ecotone.spec import MultiDiscrete, Spec
from ecotone.teams import PRESENT, REWARDS
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class MATD3:
    """Actors that see what is theirs, and for each of them critics that see what all agents see and do.

    MADDPG (Lowe et al. 2017, arXiv:1706.02275, eq. 5 and 6) with the remedies of TD3 (Ackermann et al. 2019,
    arXiv:1910.01465): the least of two critics, actors and targets that move less often, and smoothed targets. Each agent
    learns from its own reward. Actions are bounded vectors, or choices, through which a gradient goes by straight-through
    Gumbel-softmax (arXiv:1611.01144). For groups with `joint` set.
    """

    joint: ClassVar[bool] = True
    actor: Model = Agents(AnyActor(), indicator=False, shared=False)
    """Network of one action for what each agent sees; `shared` gives all agents the same weights."""
    critics: TeamCritics = TeamCritics(count=2)
    """Values of what all see and do, to each agent."""
    optimizer: Optimizer = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
    """Step size of the critics."""
    actor_optimizer: Optimizer = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
    """Step size of the actors."""
    gamma: float = 0.95
    """Discount per step; usually 0.9 to 0.99. More looks further ahead and learns more slowly."""
    n: int = 1
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    team: bool = False
    """Let each agent learn from the sum of all rewards; off, from its own."""
    target_rate: float = 0.01
    """How far the targets move at each of their updates; usually 0.001 to 0.05. More is faster and less stable."""
    delay: int = 2
    """Updates of the critics for one of actors and targets; usually 1 to 4. More lets values settle, and learns later."""
    smoothing: float = 0.2
    """Deviation of the noise around target actions, or scale of Gumbel noise on target choices; 0 is without."""
    smoothing_clip: float = 0.5
    """Largest size of that noise; usually 0.5."""
    restraint: float = 1e-3
    """Weight of the squared logits of choices, or of the squared actions, in the actors' loss; more stays undecided."""
    temperature: float = 1.0
    """Of the softmax that a choice's gradient goes through; usually 0.5 to 1. Less is nearer to choices, but noisier."""
    noise: ActionNoise | None = Gaussian(0.1)
    """Around vectors that explore: `Gaussian`, `OrnsteinUhlenbeck`, or none. Choices are drawn from the actor's policy."""
    replay: Replay = Replay(capacity=500_000, batch=256, warmup=1_000, ratio=0.25, length=8)
    """What is kept and how often it is learned from."""

    extra_loss: Callable[[TD3Networks, Trajectory], Array] | None = None
    """Function of both networks and windows of rows, added to the loss; none adds nothing."""

    feed, initial_memory, observe = soft_actor.feed, soft_actor.initial_memory, actor_critic.observe

    def init(self, key: Key, spec: Spec) -> TD3State:
        """Fresh weights.

        Raises `ValueError` unless a team that is one lane acts by bounded vectors or choices, `Mistake` for unfit actors.
        """
        name = type(self).__name__
        if not forgets(self.actor.initial_memory(1)):
            raise Mistake(f"{name}'s critics read single rows: give it an actor without a memory, or take QMIX or MAPPO.")
        check_delay(self)
        key_actor, key_critics = jax.random.split(key)
        critics = self.critics.init(key_critics, spec)
        networks = TD3Networks(self.actor.init(key_actor, spec), critics)
        told = output_of(self.actor, networks.actor, spec)
        if not isinstance(told, Categorical if isinstance(spec.action, MultiDiscrete) else jax.ShapeDtypeStruct):
            raise Mistake(f"{name} needs one action for each agent, not {kind_of(told)}: use Agents(AnyActor()).")
        return fresh_state(self, networks)

    def policy(self, state: TD3State) -> TD3Policy:
        """The actors, and whether the replay still warms up."""
        return TD3Policy(state.networks.actor, state.steps < self.replay.warmup)

    def act(self, params: TD3Policy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """The actors' actions `[B, A, ...]`: vectors with noise where they explore, choices drawn; at first evenly."""
        said, _ = read_row(params.actor, observation, is_first, ())
        if isinstance(said, Categorical):
            return (_drawn(said, params.warming, key) if explore else said.mode()), (), memory
        if explore:
            flat = said.reshape(len(said), -1)
            flat, memory = around(self.noise, key, flat, params.warming, is_first, memory)
            said = flat.reshape(said.shape)
        return said, (), memory

    def update(self, state: TD3State, rows: Trajectory, key: Key) -> tuple[TD3State, Report]:
        """One step of the critics; on each `delay`-th update also one of actors and targets."""
        return delayed_update(self, state, self._batch(rows), rows, key)

    def _batch(self, rows: Trajectory) -> Transition:
        """Transitions whose reward, discount and weight are those of each agent, `[batch, A]`."""
        paid = rows.observation[REWARDS]
        paid = jnp.concatenate([paid[1:], jnp.zeros_like(paid[:1])])
        if self.team:
            paid = jnp.broadcast_to(rows.reward[..., None], paid.shape)
        each = lambda paid: transition(rows._replace(reward=paid), self.gamma)
        batch, reward = transition(rows, self.gamma), jax.vmap(lambda paid: each(paid).reward, -1, -1)(paid)
        discount = batch.discount[:, None] * counted(batch.following)
        weight = batch.weight[:, None] * (batch.observation[PRESENT] != 0)
        return batch._replace(reward=reward, discount=discount, weight=weight)

    def critic_loss(self, critics: Tree, target: TD3Networks, batch: Transition, weight: Array, key: Key) -> Any:
        """The loss, and `(mean value, priority of each window)`."""
        ahead = self._smoothed(target.actor(batch.following, None, ())[0], key) * counted(batch.following)[..., None]
        goal = batch.reward + batch.discount * target.critics(batch.following, ahead).min(0)
        said = critics(batch.observation, _told(batch, ahead.shape[-1]))
        error = said - jax.lax.stop_gradient(goal)
        loss = (weight * (batch.weight * squared(error).sum(0)).mean(-1)).mean()
        surprise = jax.lax.stop_gradient((batch.weight * jnp.abs(error).mean(0)).mean(-1))
        return loss, (masked_mean(said.min(0), batch.weight), surprise)

    def actor_loss(self, networks: TD3Networks, batch: Transition, weight: Array, rows: Trajectory, key: Key) -> Array:
        """The loss of all actors: the value of each agent's action beside what the others did, to its own first critic."""
        said = networks.actor(batch.observation, None, ())[0]
        if isinstance(said, Categorical):
            own = straight_through(key, said.logits, self.temperature)
            size = jnp.square(jnp.where(said.logits > ILLEGAL, said.logits, 0.0)).mean(-1)
        else:
            own, size = said, jnp.square(said).mean(-1)
        itself = jnp.eye(own.shape[-2], dtype=bool)[:, :, None]
        mixed = jnp.where(itself, own[..., None, :, :], _told(batch, own.shape[-1])[..., None, :, :])
        gain = networks.critics.first().of_each(batch.observation, mixed)[0]
        loss = (batch.weight * (self.restraint * size - gain)).mean(-1)
        return (weight * loss).mean() + added(self.extra_loss, networks, rows)

    def _smoothed(self, said: Any, key: Key) -> Array:
        """Target actions with noise, as critics are told of them, `[batch, A, D]`."""
        if not isinstance(said, Categorical):
            return gaussian_noise(key, said, self.smoothing, self.smoothing_clip).clip(-1.0, 1.0)
        gumbel = (self.smoothing * noise.gumbel(key, said.logits.shape)).clip(-self.smoothing_clip, self.smoothing_clip)
        return one_hot((said.logits + gumbel).argmax(-1), said.logits.shape[-1])


def _told(batch: Transition, size: int) -> Array:
    """Actions as critics are told of them, `[batch, A, D]`: vectors, or indicators of choices; zeros of absent agents."""
    numbers = jnp.issubdtype(batch.action.dtype, jnp.floating)
    action = batch.action if numbers else one_hot(batch.action, size)
    return action * (batch.observation[PRESENT] != 0)[..., None]


def _drawn(policy: Categorical, warming: Array, key: Key) -> Array:
    """Choices drawn from a policy; evenly from what is legal while the replay warms up."""
    xp = namespace(policy.logits)
    even = Categorical(xp.where(policy.logits > ILLEGAL, xp.zeros_like(policy.logits), policy.logits))
    key_policy, key_even = noise.split(key)
    return xp.where(warming, even.sample(key_even), policy.sample(key_policy))
