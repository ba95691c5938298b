"""The page's arithmetic, run by node, against the library's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exmachina.images.mnist import NoInk, Steps, normalize
from exmachina.images.strokes import render_strokes
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Flatten, MaxPool, Network
from nodejs import node

PADDED = Network(
    "padded",
    (
        Conv("conv1", "linear", filters=5, kernel=5, stride=2, padding=2),
        BatchNorm("norm1", "relu"),
        MaxPool("pool1", size=3),
        Flatten("flatten1"),
        Dense("dense1", "softmax", units=10),
    ),
    mean=0.2,
    std=0.4,
)


@pytest.mark.parametrize("network", [NETWORKS["classic"], NETWORKS["fast"], PADDED], ids=lambda network: network.name)
def test_forward_pass_equals_pytorch(network: Network, tmp_path: Path) -> None:
    import torch
    from safetensors.numpy import save_file

    from exmachina.engine import initial_weights
    from exmachina.training.pytorch.module import build, get_weights

    rng = np.random.default_rng(1)
    images = (rng.random((100, 28, 28)) ** 3 * 255).astype(np.uint8)
    module = build(network, initial_weights(network, 2)).eval()
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith(("bias", "running_mean")):
                tensor.uniform_(-0.5, 0.5)
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
        expected = module(torch.from_numpy(images)[:, None].float() / 255).numpy()
    save_file(get_weights(module), tmp_path / "weights.safetensors")
    script = f"""
const {{ readSafetensors }} = await import(`${{web}}/network/safetensors.js`);
const {{ forward }} = await import(`${{web}}/network/forward.js`);
const file = readFileSync({json.dumps(str(tmp_path / "weights.safetensors"))});
const weights = readSafetensors(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
const answer = data.images.map((image) => [...forward(data.network, weights, image).logits]);"""
    data = {"network": network.to_json(), "images": images.reshape(100, -1).tolist()}
    np.testing.assert_allclose(node(tmp_path, script, data), expected, atol=1e-4, rtol=0)


def test_strokes_give_the_library_s_own_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawings: list[dict[str, Any]] = []
    for _ in range(60):
        strokes = [
            (np.cumsum(rng.normal(0, 9, (rng.integers(1, 30), 2)), axis=0) + 140).round().tolist()
            for _ in range(rng.integers(1, 4))
        ]
        drawings.append({"strokes": strokes, "width": float(rng.choice([1.2, 2.5, 3.3, 5.0]))})
    drawings.append({"strokes": [[[3.0, 3.0]]], "width": 2.5})
    script = """
const { renderStrokes } = await import(`${web}/network/strokes.js`);
const images = data.map(({ strokes, width }) => renderStrokes(strokes, width));
const answer = images.map((image) => image && [...image]);"""
    for drawing, result in zip(drawings, node(tmp_path, script, drawings), strict=True):
        try:
            expected = render_strokes(drawing["strokes"], drawing["width"]).ravel().tolist()
        except NoInk:
            expected = None
        assert result == expected


@pytest.mark.parametrize("off", ["", "contrast", "crop", "scale", "centre"])
def test_pictures_are_prepared_alike_whichever_step_is_left_out(off: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = []
    for _ in range(8):
        height, width = rng.integers(30, 90, 2)
        picture = np.zeros((height, width), np.uint8)
        top, left = rng.integers(3, height // 3), rng.integers(3, width // 3)
        picture[top : top + height // 2, left : left + 6] = 200
        picture[top : top + 7, left : left + width // 2] = 120
        pictures.append(picture)
    script = """
const { stages } = await import(`${web}/network/normalize.js`);
const answer = data.pictures.map(({ height, width, pixels }) =>
  [...stages({ height, width, pixels: Uint8Array.from(pixels) }, data.steps).centre.pixels]);"""
    steps = {} if not off else {off: False}
    data = {
        "steps": steps,
        "pictures": [{"height": p.shape[0], "width": p.shape[1], "pixels": p.ravel().tolist()} for p in pictures],
    }
    for picture, result in zip(pictures, node(tmp_path, script, data), strict=True):
        expected = normalize(picture, Steps(polarity=False, clean=False, **steps)).ravel().astype(int)
        np.testing.assert_array_equal(result, expected)
