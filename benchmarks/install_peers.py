"""Installs the peers that the package index has, each into a virtual environment under `.peers/`.

python benchmarks/install_peers.py            # all of them
python benchmarks/install_peers.py sb3        # Stable-Baselines3, its contrib, and SBX
python benchmarks/install_peers.py rllib
python benchmarks/install_peers.py dopamine
"""

import subprocess
import sys
import venv

from works import ENVIRONMENTS

PACKAGES = {
    "sb3": (
        "stable-baselines3==2.9.2",
        "sb3-contrib==2.9.2",
        "sbx-rl==0.28.0",
        "torch==2.13.0",
        "gymnasium[classic-control,mujoco,box2d]>=1.2",
        "ale-py>=0.11",
        "opencv-python-headless",
    ),
    "dopamine": (
        *("dopamine-rl==4.1.2", "jax==0.4.35", "jaxlib==0.4.35", "flax==0.10.0", "optax==0.2.3"),
        *("orbax-checkpoint==0.6.4", "chex==0.1.87", "tensorflow==2.18.*", "tf-keras==2.18.*", "numpy<2"),
    ),
    "rllib": ("ray[rllib]==2.60.0", "torch==2.13.0", "gymnasium[classic-control]", "mpe2==1.1.1"),
}
"""By environment; SBX and SB3-contrib need Stable-Baselines3 and share its environment.

Dopamine's newest release asks for no versions: these are of its time, since newer ones of JAX lack what it calls.
"""

ALONE = {"dopamine": ("baselines==0.1.5",)}
"""Installed without what they ask for: one file of them is imported, and its functions are not called."""


def install(name: str) -> None:
    """Make the environment, or bring it up to date; raises `CalledProcessError` where pip fails."""
    folder = ENVIRONMENTS / name
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *PACKAGES[name]], check=True)
    if name in ALONE:
        subprocess.run([*pip, "--no-deps", *ALONE[name]], check=True)
    print(f"{name}: {folder}")


def main() -> None:
    """Install what was named, or everything."""
    names = sys.argv[1:] or list(PACKAGES)
    if unknown := [name for name in names if name not in PACKAGES]:
        raise SystemExit(f"cannot install {unknown[0]}: choose from {', '.join(PACKAGES)}.")
    for name in names:
        install(name)


if __name__ == "__main__":
    main()
