"""A small network that learns in about a second on two CPU cores: conv → pool → conv → pool → dense."""

from exmachina.networks.layers import Conv, Dense, Flatten, MaxPool, Network

FAST = Network(
    "fast",
    (
        Conv("conv1", "relu", filters=16, kernel=5),  # (16, 24, 24)
        MaxPool("pool1", size=2),  # (16, 12, 12)
        Conv("conv2", "relu", filters=32, kernel=3),  # (32, 10, 10)
        MaxPool("pool2", size=2),  # (32, 5, 5)
        Flatten("flatten1"),  # 800
        Dense("dense1", "relu", units=128),
        Dense("dense2", "softmax", units=10),
    ),
    mean=0.1307,
    std=0.3081,
)
