"""A Ray cluster of several nodes on this machine, each a process that can be killed like a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

STORE = 150 << 20  # bytes of a node's object store


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head without cores, to which tests add nodes; the driver is connected to it."""
    with pytest.MonkeyPatch.context() as patch:
        # Each of Ray's processes would compile a grammar of addresses for a second, where Jupyter has brought one.
        quick = tmp_path_factory.mktemp("quick")
        (quick / "rfc3987_syntax.py").write_text("raise ImportError('not needed here')\n")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(quick), os.environ.get("PYTHONPATH", "")])))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # or it keeps a token in the home of whoever runs this
        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
        running = Cluster(initialize_head=True, head_node_args=head)
        ray.init(running.address, log_to_driver=False)
        yield running
        ray.shutdown()
        running.shutdown()


@pytest.fixture
def two_nodes(cluster: Any) -> Iterator[tuple[Any, Any]]:
    """Two nodes of one core each; what a test has not killed ends with it."""
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    yield nodes[0], nodes[1]
    for node in nodes:
        if node in cluster.list_all_nodes():
            cluster.remove_node(node, allow_graceful=False)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand digits as files, one of them blank and one no picture."""
    from PIL import Image

    from exmachina.data import load_mnist_split

    folder = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(load_mnist_split("test").images[:1000]):
        Image.fromarray(image).save(folder / f"_{number:04}.png")
    (folder / "_0007.png").write_bytes(b"no picture")
    Image.new("L", (40, 40), 255).save(folder / "_0009.png")
    return folder
