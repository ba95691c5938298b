#!/usr/bin/env python
"""Pack the four original MNIST files for the package: `scripts/pack_mnist.py FOLDER`.

FOLDER holds them as published, gzipped or not. Each is checked against its MD5, gzipped without a time stamp so
that the same input gives the same bytes, and written to `src/exmachina/data/mnist/`.
"""

import gzip
import hashlib
import sys
from pathlib import Path

from exmachina.data.sources import MNIST_FOLDER, MNIST_MD5


def main(folder: Path) -> None:
    """Pack every file or none."""
    packed = {}
    for name, md5 in MNIST_MD5.items():
        plain, gzipped = folder / name, folder / f"{name}.gz"
        content = plain.read_bytes() if plain.exists() else gzip.decompress(gzipped.read_bytes())
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            sys.exit(f"{name} in {folder} is not the published file.")
        packed[name] = gzip.compress(content, compresslevel=9, mtime=0)
    for name, content in packed.items():
        (MNIST_FOLDER / f"{name}.gz").write_bytes(content)
        print(f"{name}.gz  {len(content):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
