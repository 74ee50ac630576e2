"""What is compared, and who can do it."""

from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parent / ".peers"
"""Where `install_peers.py` puts virtual environments; ignored by git."""


@dataclass(frozen=True)
class Work:
    """A task that every contestant does alike.

    Attributes:
        title: what it is, for the table's head.
        steps: environment steps of a run.
        warmup: environment steps before the clock starts.
        ecotone: Ecotone's variants, as its driver knows them.
        peers: who can do it.
        solve: whether what counts is the time until a task is solved, not the rate.
    """

    title: str
    steps: int
    warmup: int
    ecotone: tuple[str, ...]
    peers: tuple[str, ...]
    solve: bool = False


WORKS = {
    "ppo-cartpole": Work(
        "PPO on CartPole-v1: 8 Gymnasium environments × 128 steps, 4 epochs × 4 minibatches, 64-64 tanh",
        131_072,
        20_480,
        ("", "overlap"),
        ("sb3", "sbx", "cleanrl", "rllib"),
    ),
    "recurrent-ppo-cartpole": Work(
        "Recurrent PPO on CartPole-v1 without velocities: 8 Gymnasium environments × 128 steps, 4 epochs × 4 minibatches, "
        "LSTM 64 and 64-64 tanh each for actor and critic",
        40_960,
        8_192,
        ("", "overlap"),
        ("sb3-contrib",),
    ),
    "dqn-cartpole": Work(
        "DQN on CartPole-v1: 1 Gymnasium environment, 1 update in 4 steps, 64-64, batch 64",
        30_000,
        5_000,
        ("", "1 thread", "step by step", "overlap"),
        ("sb3", "sbx", "cleanrl"),
    ),
    "dqn-lunarlander": Work(
        "DQN on LunarLander-v3: 1 Gymnasium environment, 1 update in 4 steps, 256-256, batch 128",
        20_000,
        5_000,
        ("", "step by step", "overlap"),
        ("sb3",),
    ),
    "ppo-cartpole-compiled": Work(
        "PPO on CartPole-v1 in JAX: 8 environments × 128 steps, 4 epochs × 4 minibatches, 64-64 tanh",
        1_228_800,
        204_800,
        ("", "1 thread", "2 devices"),
        ("purejaxrl",),
    ),
    "sac-halfcheetah": Work(
        "SAC on HalfCheetah-v5: 1 Gymnasium environment, 1 update per step, 256-256, batch 256",
        6_000,
        2_000,
        ("", "step by step", "step by step+overlap"),
        ("sb3", "sbx", "cleanrl"),
    ),
    "td3-halfcheetah": Work(
        "TD3 on HalfCheetah-v5: 1 Gymnasium environment, 1 update per step, actor every second one, 256-256, batch 256",
        6_000,
        2_000,
        ("", "step by step", "overlap"),
        ("sb3", "sbx"),
    ),
    "rainbow-pong": Work(
        "Rainbow as Dopamine has it (categories, 3 steps, priorities) on Pong: 1 ALE game, 1 update in 4 steps, Nature CNN, "
        "batch 32; updates per second are a quarter of steps per second",
        3_000,
        1_500,
        ("",),
        ("dopamine",),
    ),
    "iqn-pong": Work(
        "IQN as Dopamine has it on Pong: 1 ALE game, 1 update in 4 steps, Nature CNN, batch 32, 64 quantiles; updates per "
        "second are a quarter of steps per second",
        1_500,
        1_100,
        ("",),
        ("dopamine",),
    ),
    "ppo-pong": Work(
        "PPO on Pong: 8 ALE environments × 128 steps, Nature CNN, 4 epochs × 4 minibatches",
        8_192,
        2_048,
        ("", "2 devices", "2 devices+bfloat16", "2 devices+envpool", "2 devices+bfloat16+envpool"),
        ("sb3", "sbx", "cleanrl"),
    ),
    "ppo-spread": Work(
        "PPO on simple_spread of mpe2 (3 agents, one policy): 8 environments × 128 steps, 4 epochs × 4 minibatches, "
        "64-64 tanh",
        40_960,
        8_192,
        ("", "overlap"),
        ("rllib",),
    ),
    "qmix-spread": Work(
        "QMIX on simple_spread of mpe2: 1 environment, 1 update in 25 steps on 800 of them, 64-64, mixer 32 behind 64",
        20_000,
        5_000,
        ("", "overlap"),
        ("epymarl",),
    ),
    "ippo-spread-compiled": Work(
        "PPO on simple_spread of JaxMARL (3 agents, one policy): 16 environments × 128 steps, 4 epochs × 4 minibatches, "
        "64-64 tanh",
        614_400,
        102_400,
        ("", "2 devices"),
        ("jaxmarl",),
    ),
    "qmix-spread-compiled": Work(
        "Recurrent QMIX on simple_spread of JaxMARL: 8 environments × 26 steps, then 1 update on 32 sequences of 26, "
        "64 and GRU 64, mixer 32 behind 128",
        208_000,
        41_600,
        ("", "2 devices"),
        ("jaxmarl",),
    ),
    "mappo-spread-compiled": Work(
        "Recurrent MAPPO on simple_spread of JaxMARL: 16 environments × 128 steps, 4 epochs × 4 minibatches, "
        "128 and GRU 128 each for actor and critic",
        81_920,
        20_480,
        ("", "2 devices"),
        ("jaxmarl",),
    ),
    "solve-cartpole": Work(
        "CartPole-v1 solved with PPO: seconds from the start of the process until 20 greedy episodes return 475 "
        "on average (evaluated every 5,120 steps)",
        100_000,
        0,
        ("first", "later"),
        ("sb3", "sbx", "rllib"),
        solve=True,
    ),
}


@dataclass(frozen=True)
class Peer:
    """Another library.

    Attributes:
        title: its name, for the table.
        driver: its file under `peers/`.
        environment: folder of its virtual environment under `.peers/`, where the installer makes one.
        options: further options of its driver.
        settings: environment variables of each variant by the variant's name; the best variant of a work counts.
        checkout: whether it is run from a checkout of the user's.
        variants: driver options of further variants, by work and name.
    """

    title: str
    driver: str
    environment: str = ""
    options: tuple[str, ...] = ()
    settings: dict[str, dict[str, str]] = field(default_factory=lambda: {"": {}})
    checkout: bool = False
    variants: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)


TORCH_THREADS = {"default threads": {}, "1 thread": {"OMP_NUM_THREADS": "1"}}
JAX_THREADS = {"default threads": {}, "1 thread": {"NPROC": "1"}}
PEERS = {
    "sb3": Peer(
        "Stable-Baselines3",
        "baselines.py",
        "sb3",
        ("--library", "sb3"),
        TORCH_THREADS,
        variants={
            "dqn-cartpole": {"": (), "2 updates after 8 steps": ("--block", "2")},
            "dqn-lunarlander": {"": (), "2 updates after 8 steps": ("--block", "2")},
        },
    ),
    "sbx": Peer(
        "SBX",
        "baselines.py",
        "sb3",
        ("--library", "sbx"),
        variants={
            "sac-halfcheetah": {"": (), "8 updates after 8 steps": ("--block", "8")},
            "td3-halfcheetah": {"": (), "8 updates after 8 steps": ("--block", "8")},
        },
    ),
    "sb3-contrib": Peer("SB3-contrib", "baselines.py", "sb3", ("--library", "sb3-contrib"), TORCH_THREADS),
    "rllib": Peer("RLlib", "rllib.py", "rllib"),
    "cleanrl": Peer(
        "CleanRL",
        "cleanrl.py",
        settings=TORCH_THREADS,
        checkout=True,
        variants={"ppo-pong": {"": (), "EnvPool": ("--environments", "envpool")}},
    ),
    "purejaxrl": Peer("PureJaxRL", "purejaxrl.py", settings=JAX_THREADS, checkout=True),
    "dopamine": Peer("Dopamine", "dopamine.py", "dopamine"),
    "epymarl": Peer("EPyMARL", "epymarl.py", checkout=True),
    "jaxmarl": Peer("JaxMARL", "jaxmarl_scripts.py", settings=JAX_THREADS, checkout=True),
}
