"""What stands between a stream and its policy: `Experiment(..., wrappers=(Clip(-5.0, 5.0), Stack(4)))`, innermost first."""

from ecotone.envs.wrappers.actions import MapAction
from ecotone.envs.wrappers.observations import Clip, Crop, Entries, Flatten, MapObservation, OneHot, Stack
from ecotone.envs.wrappers.parts import no_memory, same_action, same_spec, same_step
from ecotone.envs.wrappers.previous import PreviousActionReward
from ecotone.envs.wrappers.rewards import ClipReward, ScaleReward, ShapeReward

__all__ = [  # noqa: RUF022 - what is seen, what is done, what it brings, and what own wrappers are composed of
    "Stack", "Crop", "Clip", "OneHot", "Entries", "Flatten", "MapObservation", "PreviousActionReward",
    "MapAction",
    "ClipReward", "ScaleReward", "ShapeReward",
    "same_spec", "no_memory", "same_step", "same_action",
]  # fmt: skip
