"""The page's files, served from one folder and from nowhere else."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".safetensors": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
RESCAN_SECONDS = 1.0


@dataclass(frozen=True)
class Asset:
    """A file's content, its media type and an entity tag that changes with the content."""

    content: bytes
    type: str
    etag: str


def as_asset(name: str, content: bytes) -> Asset:
    """A file of this name and content."""
    return Asset(content, TYPES[Path(name).suffix.lower()], f'"{sha256(content).hexdigest()[:32]}"')


class Assets:
    """Looks a path up in the list of the folder's files.

    A requested path is never joined to the folder: what is not in the list does not exist, so that no spelling
    of `..` leads out. Links are not listed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Path] = {}
        self._loaded: dict[str, tuple[int, int, Asset]] = {}
        self._scanned = -RESCAN_SECONDS

    def get(self, path: str) -> Asset | None:
        """The asset at a path relative to the folder ('' is index.html), or `None`."""
        name = path or "index.html"
        if name not in self._files:
            self._scan()
        file = self._files.get(name)
        if file is None:
            return None
        try:
            status = file.stat()
            known = self._loaded.get(name)
            if known is None or known[:2] != (status.st_mtime_ns, status.st_size):
                content = file.read_bytes()
                known = (status.st_mtime_ns, status.st_size, as_asset(name, content))
                self._loaded[name] = known
        except OSError:
            return None
        return known[2]

    def _scan(self) -> None:
        if time.monotonic() - self._scanned < RESCAN_SECONDS:
            return
        found = {}
        for root, folders, files in os.walk(self.folder):  # does not follow links
            folders[:] = [name for name in folders if not name.startswith((".", "__"))]
            for name in files:
                path = Path(root) / name
                if path.suffix.lower() in TYPES and not name.startswith(".") and not path.is_symlink():
                    found[path.relative_to(self.folder).as_posix()] = path
        self._files = found
        self._scanned = time.monotonic()
