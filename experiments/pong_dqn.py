"""DQN on Pong with Dopamine's settings (`dopamine/jax/agents/dqn/configs/dqn.gin`): 250,000 steps are one of its iterations.

Every fourth step of the one game brings an update of 32 single-step transitions; the target follows every 2,000 updates; the
probability of a random choice falls to 1% within a million frames. Rewards are clipped for learning alone. Not trained to
its end here: after 150,000 steps, with Huber's loss, it still lost nearly every point.
"""

import ecotone
from ecotone.envs.wrappers import ClipReward
from ecotone.feed import Replay
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear

reach = 18
"""Greedy return that Dopamine's runs come to after 39 million frames."""

algorithm = ecotone.DQN(
    optimizer=Adam(Constant(6.25e-5), clip_norm=None, epsilon=1.5e-4),
    n=1,
    double=False,
    squared=True,
    epsilon=Linear(1.0, 0.01, over=250_000),
    target_period=2_000,
    replay=Replay(capacity=1_000_000, batch=32, warmup=20_000, ratio=0.25),
)
experiment = ecotone.Experiment("ALE/Pong-v5", algorithm, wrappers=(ClipReward(1.0),), steps=10_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
