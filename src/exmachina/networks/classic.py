"""The textbook network: what nearly every first tutorial on convolution builds, 1,199,882 parameters."""

from exmachina.networks.layers import Conv, Dense, Dropout, Flatten, MaxPool, Network

CLASSIC = Network(
    "classic",
    (
        Conv("conv1", "relu", filters=32, kernel=3),  # (32, 26, 26)
        Conv("conv2", "relu", filters=64, kernel=3),  # (64, 24, 24)
        MaxPool("pool1", size=2),  # (64, 12, 12)
        Dropout("dropout1", rate=0.25),
        Flatten("flatten1"),  # 9,216
        Dense("dense1", "relu", units=128),
        Dropout("dropout2", rate=0.5),
        Dense("dense2", "softmax", units=10),
    ),
)
