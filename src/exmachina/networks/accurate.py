"""A deeper network that reads a third as many digits wrong as `classic`, with two fifths of its parameters.

Two convolutions of 3 × 3 see as far as one of 5 × 5 with less arithmetic, so they come in pairs. Batch norm follows
each, and dropout stands before the dense layer alone.
"""

from exmachina.networks.layers import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network

ACCURATE = Network(
    "accurate",
    (
        Conv("conv1", filters=32, kernel=5, stride=2, padding=2),  # (32, 14, 14)
        BatchNorm("norm1", "relu"),
        Conv("conv2", filters=64, kernel=3, padding=1),  # (64, 14, 14)
        BatchNorm("norm2", "relu"),
        Conv("conv3", filters=64, kernel=3, padding=1),  # (64, 14, 14)
        MaxPool("pool1", size=2),  # (64, 7, 7)
        BatchNorm("norm3", "relu"),
        Conv("conv4", filters=128, kernel=3, padding=1),  # (128, 7, 7)
        BatchNorm("norm4", "relu"),
        Conv("conv5", filters=128, kernel=3),  # (128, 5, 5)
        BatchNorm("norm5", "relu"),
        Conv("conv6", filters=128, kernel=3),  # (128, 3, 3)
        BatchNorm("norm6", "relu"),
        Dropout("dropout1", rate=0.3),
        Flatten("flatten1"),  # 1152
        Dense("dense1", "softmax", units=10),
    ),
    mean=0.1307,
    std=0.3081,
)
