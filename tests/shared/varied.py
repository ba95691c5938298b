"""Networks with every kind of layer in an unusual place, for tests."""

from exmachina.networks import BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network

OUT = Dense("out", "softmax", units=10)
VARIED = Network(
    "varied",
    (
        MaxPool("pool0", "relu", size=2),
        Conv("conv1", "relu", filters=4, kernel=5, stride=2, padding=2),
        MaxPool("pool1", size=2),
        Conv("conv2", filters=6, kernel=2),
        BatchNorm("norm2", "relu"),
        MaxPool("pool2", "relu", size=2),
        Dropout("dropout1", rate=0.25),
        Flatten("flatten1"),
        Dense("dense1", "relu", units=7),
        OUT,
    ),
    mean=0.1,
    std=0.3,
)
BENT = Network("bent", (Conv("conv1", filters=3, kernel=5, stride=3), Flatten("flatten1", "relu"), OUT))
