"""Out of distribution: images that are no digits, and whether the network notices."""
