"""Data as uint8 arrays: MNIST, the reader's own files, and the first steps of preprocessing."""

from exmachina.data.dataset import Dataset, Split, one_hot, scale, split, with_channels
from exmachina.data.idx import read_idx, write_idx
from exmachina.data.sources import (
    load_csv,
    load_data,
    load_idx_folder,
    load_image_folder,
    load_mnist,
    load_mnist_split,
)

__all__ = [
    "Dataset",
    "Split",
    "load_csv",
    "load_data",
    "load_idx_folder",
    "load_image_folder",
    "load_mnist",
    "load_mnist_split",
    "one_hot",
    "read_idx",
    "scale",
    "split",
    "with_channels",
    "write_idx",
]
