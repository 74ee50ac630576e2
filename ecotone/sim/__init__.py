"""Simulations of agents on the host: describe agents and what happens, and a manager makes an environment of it."""

from ecotone.sim.agents import ActingAgent, Agent, ObservingAgent, PrincipleAgent, is_agent
from ecotone.sim.managers import AllStepManager, DynamicOrderManager, SimulationManager, TurnBasedManager
from ecotone.sim.simulation import AgentBasedSimulation, DynamicOrderSimulation
from ecotone.sim.spaces import Box

__all__ = [
    "ActingAgent",
    "Agent",
    "AgentBasedSimulation",
    "AllStepManager",
    "Box",
    "DynamicOrderManager",
    "DynamicOrderSimulation",
    "ObservingAgent",
    "PrincipleAgent",
    "SimulationManager",
    "TurnBasedManager",
    "is_agent",
]
