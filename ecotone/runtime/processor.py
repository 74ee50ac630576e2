"""What JAX makes of the processor: threads for its programs, and devices that can share one."""

import os

import jax
from jax._src import xla_bridge  # JAX has no public way to ask whether it has begun

from ecotone.mistakes import Mistake

_chosen: list[int] = []


def limit(threads: int | None) -> None:
    """Give programs on the processor so many threads, in this process from now on; none leaves them as they are.

    XLA makes its threads when JAX first computes something, as many as the variable NPROC says, or one per core.

    Raises `Mistake` where JAX has computed before, with threads that were not chosen here or are another number.
    """
    if threads is None or _chosen == [threads]:
        return
    if xla_bridge.backends_are_initialized():
        raise Mistake(
            f"threads={threads} comes too late: JAX has made its threads already in this process. Begin a new one, "
            f"or set NPROC={threads} in the environment and leave `threads` out."
        )
    before = os.environ.get("NPROC")
    os.environ["NPROC"] = str(threads)
    try:
        jax.devices()
    finally:
        del os.environ["NPROC"]
        if before is not None:
            os.environ["NPROC"] = before
    _chosen[:] = [threads]


def divide(devices: int) -> None:
    """Let the processor count as so many devices, unless JAX has computed before or somebody has said how many it is."""
    said = jax.config.jax_num_cpu_devices > 0 or "device_count" in os.environ.get("XLA_FLAGS", "")  # type: ignore[attr-defined]
    if devices > 1 and not said and not xla_bridge.backends_are_initialized():
        jax.config.update("jax_num_cpu_devices", devices)
