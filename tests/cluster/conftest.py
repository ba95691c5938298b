"""A Ray cluster of several nodes on this machine, each a process that can be killed like a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exmachina.cluster.connection import load_ray
from exmachina.training import Recipe
from needed import without_grammar

STORE = 150 << 20  # bytes of a node's object store


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head without cores and a node with one; the driver is connected to them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", without_grammar(tmp_path_factory.mktemp("quick")))  # for each of Ray's processes
        patch.setenv("RAY_worker_niceness", "0")  # or whatever else the machine does comes first
        patch.setenv("RAY_health_check_period_ms", "1000")  # a killed node is noticed in 5 s, not in 15
        patch.setenv("RAY_AUTH_MODE", "disabled")  # or it keeps a token in the home of whoever runs this
        library = load_ray()  # which turns reports off, for the processes that begin now too
        from ray.cluster_utils import Cluster  # seconds, of which the other tests' workers need nothing

        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE}
        for attempt in range(3):  # Ray gives its processes 15 seconds to begin, which a busy machine may not have
            try:
                running: Any = Cluster(initialize_head=True, head_node_args=head)
                break
            except Exception:
                if attempt == 2:
                    raise
        running.add_node(num_cpus=1, object_store_memory=STORE)
        library.init(running.address, log_to_driver=False)
        yield running
        library.shutdown()
        running.shutdown()


@pytest.fixture
def victim(cluster: Any) -> Any:
    """One more node of one core, to be killed."""
    return cluster.add_node(num_cpus=1, object_store_memory=STORE)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 digits as files, one of them blank, one no picture and one of two digits."""
    from PIL import Image

    from exmachina.data import load_mnist_split

    folder = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(load_mnist_split("test").images[:400]):
        Image.fromarray(image).save(folder / f"_{number:04}.png")
    (folder / "_0007.png").write_bytes(b"no picture")
    Image.new("L", (40, 40), 255).save(folder / "_0009.png")
    pair = Image.new("L", (200, 100), 255)
    for left in (30, 120):
        pair.paste(Image.new("L", (10, 60), 0), (left, 20))
    pair.save(folder / "_0011.png")
    return folder


@pytest.fixture
def recipes(tiny_recipe: Recipe) -> dict[Any, Recipe]:
    """By learning rate: one that learns, and one that is hopeless."""
    return {rate: tiny_recipe.replace(learning_rate=rate, epochs=2.5) for rate in (0.02, 1e-9)}
