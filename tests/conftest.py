"""What every test shares: a processor as device, compiled programs kept between runs, and programs run both ways."""

import os
from importlib.metadata import version

os.environ["JAX_PLATFORMS"] = "cpu"
if version("jaxlib").startswith("0.10."):  # later ones do not know the flag, and abort
    # The other emitters of fused loops compile in half the time; what they compute is the same, up to rounding.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_use_fusion_emitters=false".strip()

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest
from hypothesis import HealthCheck, settings

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_compilation_cache_dir", str(Path(__file__).parent.parent / ".jax_cache"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
# Most of the time goes into compiling; what must be right bit for bit is tested with `optimized_programs`.
jax.config.update("jax_disable_most_optimizations", True)
settings.register_profile(
    "ecotone", deadline=None, max_examples=50, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ecotone")


@pytest.fixture(scope="module", autouse=True)
def forget_programs() -> Iterator[None]:
    """Free the programs of each file: thousands of them take more memory maps than a process may have, and it dies."""
    yield
    jax.clear_caches()


@pytest.fixture(scope="module")
def optimized_programs() -> Iterator[None]:
    """Compile programs in this file as users' are."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(params=["jit", "plain"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Runs `run(function, *arguments)` once jitted and once as it is."""
    if request.param == "jit":
        return lambda function, *arguments: jax.jit(function)(*arguments)
    return lambda function, *arguments: function(*arguments)


def pytest_make_parametrize_id(config: pytest.Config, val: Any, argname: str) -> str | None:
    """Name functions by their names: addresses would differ between workers."""
    return val.__qualname__ if callable(val) and hasattr(val, "__qualname__") else None
