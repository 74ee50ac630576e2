"""MinAtar's games (arXiv:1903.03176), under Gymnasium's names."""

import gymnasium


def is_game(name: str) -> bool:
    """Whether a name is one of MinAtar's."""
    return name.startswith("MinAtar/")


def register() -> None:
    """Make MinAtar's games known; raises `ImportError` without MinAtar."""
    import minatar.gym

    if not any(is_game(name) for name in gymnasium.registry):
        minatar.gym.register_envs()
