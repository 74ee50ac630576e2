"""The classic control tasks, compiled; step for step equal to Gymnasium's where Gymnasium has them."""

from ecotone.envs.classic.acrobot import Acrobot
from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.classic.catch import Catch
from ecotone.envs.classic.connect_four import ConnectFour
from ecotone.envs.classic.matrix import Climbing, Penalty, TwoStep
from ecotone.envs.classic.mountain_car import ContinuousMountainCar, MountainCar
from ecotone.envs.classic.multi_agent_cartpole import MultiAgentCartPole
from ecotone.envs.classic.pendulum import Pendulum

CLASSIC: dict[str, type] = {
    "CartPole-v1": CartPole,
    "Pendulum-v1": Pendulum,
    "Acrobot-v1": Acrobot,
    "MountainCar-v0": MountainCar,
    "MountainCarContinuous-v0": ContinuousMountainCar,
    "Catch-v0": Catch,
}
"""Every classic task by its Gymnasium id (`Catch-v0`, which Gymnasium lacks, is bsuite's)."""

MULTI_AGENT: dict[str, type] = {
    "MultiAgentCartPole-v0": MultiAgentCartPole,
    "TwoStep-v0": TwoStep,
    "Climbing-v0": Climbing,
    "Penalty-v0": Penalty,
    "ConnectFour-v0": ConnectFour,
}
"""Tasks of many agents."""
