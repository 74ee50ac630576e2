"""Wrappers of simulations: they change what agents see and do, or who the agents are."""

from ecotone.sim.wrappers.communication import CommunicationHandshakeWrapper
from ecotone.sim.wrappers.flatten import FlattenActionWrapper, FlattenWrapper
from ecotone.sim.wrappers.ravel import RavelDiscreteWrapper
from ecotone.sim.wrappers.super_agent import SuperAgentWrapper
from ecotone.sim.wrappers.wrapper import SARWrapper, Wrapper

__all__ = [
    "CommunicationHandshakeWrapper",
    "FlattenActionWrapper",
    "FlattenWrapper",
    "RavelDiscreteWrapper",
    "SARWrapper",
    "SuperAgentWrapper",
    "Wrapper",
]
