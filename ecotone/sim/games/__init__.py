"""Simulations that come along, to try and to learn from."""

from ecotone.sim.games.multi_corridor import MultiCorridor

__all__ = ["MultiCorridor"]
