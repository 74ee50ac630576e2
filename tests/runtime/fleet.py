"""A fleet whose collectors are in this process, with fragments that arrive in an order of the test's."""

from ecotone.runtime.distributed import Fragment
from ecotone.runtime.engine import Saved


class InProcess:
    """Collects when it is asked to launch; `order` says whose fragments arrive first, over and over."""

    def __init__(self, make, collectors, order=()):
        self.collectors, self._make, self._order, self._sent = collectors, make, list(order), 0
        self._ready = {}

    def begin(self, leaves):
        self.makers = [self._make(number, 0, leaves) for number in range(self.collectors)]

    def send(self, leaves, version):
        self._leaves, self._version = leaves, version

    def launch(self, collector):
        made = self.makers[collector]
        made.load(self._leaves)
        self._ready[collector] = Fragment(collector, self._version, made.collect())

    def claim(self, collector=None):
        if collector is None:
            collector = self._order[self._sent % len(self._order)]
            self._sent += 1
        return self._ready.pop(collector)

    def hold(self):
        return [self._ready[number] for number in sorted(self._ready)]

    def save(self):
        return [Saved(*made.save()) for made in self.makers]

    def restore(self, saved, fragments):
        for made, each in zip(self.makers, saved, strict=True):
            made.restore(each)
        self._ready = {each.collector: each for each in fragments}

    def close(self):
        for made in self.makers:
            made.close()
