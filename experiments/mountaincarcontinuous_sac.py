"""SAC on MountainCarContinuous-v0: noise that drifts reaches the goal, which the policy's own draws seldom do."""

import ecotone
from ecotone.feed import Replay
from ecotone.networks.critics import Critics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import SquashedActor
from ecotone.ops.action_noise import OrnsteinUhlenbeck
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant

reach = 90
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.SAC(
    SquashedActor(Encoder((64, 64), "relu", orthogonal=False)),
    Critics((64, 64)),
    Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8),
    target_rate=0.01,
    noise=OrnsteinUhlenbeck(deviation=0.5, damping=0.15),
    replay=Replay(capacity=50000, batch=256, warmup=500, ratio=0.5, length=16),
)
experiment = ecotone.Experiment("MountainCarContinuous-v0", algorithm, runtime="compiled", steps=50000)

if __name__ == "__main__":
    ecotone.train(experiment)
