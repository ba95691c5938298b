"""A small network that learns in less than a second on two CPU cores.

The first convolution takes every second place (stride 2), which spares a pooling layer and three quarters of the
work; batch norm lets it learn with large steps.
"""

from exmachina.networks.layers import BatchNorm, Conv, Dense, Flatten, MaxPool, Network

FAST = Network(
    "fast",
    (
        Conv("conv1", "relu", filters=16, kernel=5, stride=2),  # (16, 12, 12)
        Conv("conv2", filters=32, kernel=3),  # (32, 10, 10)
        MaxPool("pool1", size=2),  # (32, 5, 5)
        BatchNorm("norm1", "relu"),
        Conv("conv3", filters=64, kernel=3),  # (64, 3, 3)
        BatchNorm("norm2", "relu"),
        Flatten("flatten1"),  # 576
        Dense("dense1", "softmax", units=10),
    ),
    mean=0.1307,
    std=0.3081,
)
