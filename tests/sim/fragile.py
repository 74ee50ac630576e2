"""A simulator that fails when it is told to; imported by the processes of `test_processes`."""

import os
import time

from ecotone.sim import TurnBasedManager
from ecotone.sim.games import MultiCorridor


class Fragile(MultiCorridor):
    """Dies, hangs or raises an error where a file of that name lies in a folder, once; or waits for another copy."""

    def __init__(self, folder):
        super().__init__(4, 2)
        self.folder = folder

    def step(self, action_dict, **kwargs):
        super().step(action_dict)
        if self._told("die"):
            os._exit(3)
        if self._told("hang"):
            time.sleep(60)
        if self._told("raise"):
            raise KeyError("lost")
        if os.path.exists(os.path.join(self.folder, "meet")):
            self._meet()

    def _meet(self):
        """Wait until another copy takes this step too."""
        with open(os.path.join(self.folder, f"here-{os.getpid()}"), "w"):
            pass
        while sum(name.startswith("here-") for name in os.listdir(self.folder)) < 2:
            time.sleep(0.005)

    def _told(self, flag):
        try:
            os.remove(os.path.join(self.folder, flag))
        except FileNotFoundError:
            return False
        return True


def make(folder, always=""):
    """A managed simulator, or none at all."""
    if always:
        raise RuntimeError(always)
    return TurnBasedManager(Fragile(folder), horizon=30)
