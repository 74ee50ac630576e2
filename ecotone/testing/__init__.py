"""Public checks of the contracts in `ecotone.protocols`, probe environments, and training in one program."""

from ecotone.testing.agents import check_agents, check_multi_agent_environment, check_multi_agent_stream
from ecotone.testing.algorithms import check_algorithm
from ecotone.testing.environments import check_environment, check_stream
from ecotone.testing.fit import Fitted, fit
from ecotone.testing.models import check_model
from ecotone.testing.wrappers import check_wrapper

__all__ = [
    "Fitted",
    "check_agents",
    "check_algorithm",
    "check_environment",
    "check_model",
    "check_multi_agent_environment",
    "check_multi_agent_stream",
    "check_stream",
    "check_wrapper",
    "fit",
]
