"""Writes the golden vectors: what every door must find, read by pytest and by node's test runner.

    python tests/golden/make.py [drawings|pictures|layers|verdicts|training ...]

Drawings and pictures are the library's own preparation. Layers and verdicts are PyTorch's in double precision, of the
networks that ship. Twenty steps of training are the engine's without fused multiplication (EXMACHINA_ENGINE=baseline),
on MNIST.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

os.environ["EXMACHINA_ENGINE"] = "baseline"
sys.path.append(str(Path(__file__).parents[1]))  # tests/papers.py

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from exmachina.data import load_mnist_split, scale
from exmachina.data.augmentation import Augmentation
from exmachina.images.cut import cut_out
from exmachina.images.mnist import NoInk, normalize
from exmachina.images.strokes import render_strokes
from exmachina.networks import NETWORKS, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network
from exmachina.runs import Run
from exmachina.runs.rejector import last_values
from exmachina.training import Recipe, StepEnd, get_recipe, train
from exmachina.training.pytorch.module import build
from papers import PAPERS, enlarged, far_away, lined, paper, written

HERE = Path(__file__).parent
IMAGES = (257, 0, 8)  # of the test set
SAMPLES = 12  # values of a layer or tensor that are kept, spread evenly
SEED = 2  # of those tried, one whose first twenty steps no kink throws off: see docs/lab-notes.md

# Every kind of layer and of random number in one small training.
MIXED = Recipe(
    "mixed",
    Network(
        "mixed",
        (
            Conv("conv1", "relu", filters=6, kernel=5, padding=2),
            MaxPool("pool1", size=2),
            Conv("conv2", filters=10, kernel=3),
            BatchNorm("norm1", "relu"),
            Dropout("dropout1", rate=0.25),
            Conv("conv3", "relu", filters=12, kernel=3, stride=2),
            Flatten("flatten1"),
            Dense("dense1", "relu", units=20),
            Dense("dense2", "softmax", units=10),
        ),
        mean=0.13,
        std=0.31,
    ),
    learning_rate=0.002,
    freeze_first_after=0.01,
    betas=(0.9, 0.999),
    epsilon=1e-4,
    batch_size=50,
    label_smoothing=0.1,
    augmentation=Augmentation(1, 8.0, 0.1, 0.1, 0.5, 0.3, 0.4, 0.3, 0.1),
)
STEPS = {"fast": 20, "classic": 4, "mixed": 20}  # Adadelta at rate 1 magnifies rounding within a few steps


def text(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def samples(values: NDArray[np.floating]) -> list[float]:
    """Evenly spread values, the first and the last among them."""
    flat = values.ravel()
    return [float(flat[i]) for i in np.linspace(0, flat.size - 1, SAMPLES).round().astype(int)]


def drawings() -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    made: list[dict[str, Any]] = [{"strokes": [[[84, 62], [202, 62], [168, 140], [140, 224]]], "width": 2.5}]  # a 7
    for _ in range(9):
        walks = [np.cumsum(rng.normal(0, 9, (rng.integers(2, 25), 2)), axis=0) + 140 for _ in range(rng.integers(1, 4))]
        made.append({"strokes": [walk.round().tolist() for walk in walks], "width": float(rng.choice([1.2, 2.5, 5.0]))})
    return [{**one, "image": text(render_strokes(one["strokes"], one["width"]))} for one in made]


def pictures() -> list[dict[str, Any]]:
    rng = np.random.default_rng(6)
    made = []
    for _ in range(6):
        height, width = (int(side) for side in rng.integers(30, 90, 2))
        picture = np.zeros((height, width), np.uint8)
        top, left = rng.integers(3, height // 3), rng.integers(3, width // 3)
        picture[top : top + height // 2, left : left + 6] = 200
        picture[top : top + 7, left : left + width // 2] = 120
        made.append(picture)
    digits = load_mnist_split("test").images
    for i, (kind, light_ink) in enumerate(itertools.product(PAPERS, (False, True))):
        made.append(written(digits[i], kind, (1, 3, 6, 2, 8)[i % 5], tight=i % 3 > 0, light_ink=light_ink))
        if i % 2:
            made.append(paper(kind, 108, 108, 3).astype(np.uint8))  # an empty page
    made.append(written(digits[0], "plain", 3)[::9, ::9])  # 12 × 12
    thick = Image.fromarray(digits[18]).filter(ImageFilter.MaxFilter(3))  # cut tightly, its strokes fill the picture
    made.append(written(np.asarray(thick), "plain", 1, tight=True))
    bold = np.asarray(Image.fromarray(digits[18]).filter(ImageFilter.MaxFilter(5))) > 100  # from top to bottom alone
    made.append(np.pad(255 * bold[bold.any(axis=1)].astype(np.uint8), ((0, 0), (6, 6))))
    rows, columns = np.mgrid[:108, :108]
    light = np.where(rows + 0.6 * columns < 80, 1.0, 0.55)  # a shadow's edge across a digit
    made.append((light * written(digits[4], "plain", 3)).astype(np.uint8))
    boxed = written(digits[5], "plain", 3)
    boxed[-3:], boxed[:, :3] = 20, 20
    made.append(boxed)
    desk = (90 + 15 * np.sin(np.indices((150, 170))[0] / 5)).astype(np.uint8)
    desk[20:128, 30:138] = written(digits[6], "plain", 3)
    made.append(np.asarray(Image.fromarray(desk).rotate(4, Image.Resampling.BILINEAR, fillcolor=90)))
    made.append(desk[:128, :138])  # a sheet in the corner of its picture
    slate = np.pad(written(digits[9], "plain", 3, light_ink=True), 21, constant_values=25)
    around = np.pad(slate, 50, constant_values=200)  # aslant, cut by its picture, and larger than its copy
    made.append(np.asarray(Image.fromarray(around).rotate(-12, Image.Resampling.BILINEAR, fillcolor=180)))
    made.append(around[:196, :198])
    made.append(made[-2].repeat(2, axis=0).repeat(2, axis=1))
    made.append(np.pad(written(digits[11], "plain", 3), ((0, 0), (40, 60)), constant_values=90))  # a strip
    for kind in ("plain", "squared", "ruled"):  # small in their picture, under patches of light
        made.append(far_away(digits[7], kind, 180, 240))
    falling = 1 - 0.4 * np.linspace(0, 1, 168)
    sheets: tuple[tuple[int, int, float, float, float, float, bool], ...] = (
        (12, 6, 40, 5, 0.5, 6, True),
        (13, 6, 60, 4, 0.9, -7, True),
        (14, 6, 31.5, 6, 0.7, 0, True),
        (15, 4, 24, 3, 0.6, 3, False),
        (16, 6, 110, 5, 0.6, 4, True),
    )
    for number, factor, cell, broad, dark, turn, squared in sheets:
        one = np.pad(enlarged(digits[number], factor) / 255, ((0, 28 * (6 - factor)), (28 * (6 - factor), 0)))
        made.append((falling * lined(one, cell, broad, dark, turn, squared=squared)).astype(np.uint8))
    made.append(255 - made[-5])  # light lines
    wide = np.pad(enlarged(digits[17], 3) / 255, ((200, 100), (300, 30)))  # small, on three times as many pixels
    made.append(lined(wide, 45, 4, 0.7, -3).astype(np.uint8))
    made += [
        lined(np.zeros((200, 230)), 50, broad, dark, 5).astype(np.uint8) for broad, dark in ((3, 0.4), (6, 0.9))
    ]  # bare
    # Several digits: two, five of them the same, and a tight cut with a neighbour's edge.
    for row in ((3, 4), (8, 8, 8, 8, 8), (1, 2, 0)):
        made.append(np.pad(255 - np.hstack([digits[i] for i in row]), 9, constant_values=255).repeat(2, 0).repeat(2, 1))
    return [prepared(picture) for picture in made]


def prepared(picture: NDArray[np.uint8]) -> dict[str, Any]:
    """A picture, its pixels deflated, and what the network sees of it: null where there is no digit."""
    try:
        image = text(normalize(picture))
    except NoInk:
        image = None
    cut = cut_out(picture)
    packed = base64.b64encode(zlib.compress(picture.tobytes(), 9)).decode()
    return {
        "height": picture.shape[0],
        "width": picture.shape[1],
        "deflated": packed,
        "image": image,
        "several": cut.several,
        "again": None if cut.again is None else text(cut.again),
    }


def layers() -> dict[str, Any]:
    test = load_mnist_split("test")
    images = test.images[list(IMAGES)]
    result = {}
    for name in NETWORKS:
        run = Run.load(name)
        module = build(run.network, run.weights).double().eval()
        with torch.inference_mode():
            pixels = torch.from_numpy(scale(images)[:, None]).double()
            shown = {layer: values.numpy() for layer, values in module.layers(pixels)}
            shown["logits"] = module(pixels).numpy()
        result[name] = {layer: {"shape": list(v.shape), "samples": samples(v)} for layer, v in shown.items()}
    return {"images": list(IMAGES), "networks": result}


def verdicts() -> dict[str, Any]:
    """What the rejectors that ship make of a few test digits and of the drawings, in double precision."""
    made = [render_strokes(one["strokes"], one["width"]) for one in drawings()]
    images = np.concatenate([load_mnist_split("test").images[list(IMAGES)], made])
    result = {}
    for name in NETWORKS:
        run = Run.load(name)
        rejector = run.rejector
        assert rejector is not None
        module = build(run.network, run.weights).double().eval()
        with torch.inference_mode():
            pixels = torch.from_numpy(scale(images)[:, None]).double()
            before = dict(module.layers(pixels))[last_values(run.network)].flatten(1)
            logits = module(pixels)
            shares = (logits / run.temperature).softmax(1)
            hidden = (
                torch.cat([before, logits, shares], 1) @ double(rejector.hidden).T + double(rejector.hidden_bias)
            ).relu()
            chances = (hidden @ double(rejector.output) + rejector.output_bias).sigmoid()
        trusts = chances * shares.max(1).values
        words = [
            "no digit" if chance < rejector.no_digit else "unsure" if trust < rejector.sure else "sure"
            for chance, trust in zip(chances.tolist(), trusts.tolist(), strict=True)
        ]
        result[name] = {"is_digit": chances.tolist(), "verdicts": words}
    return {"images": [text(image) for image in images], "networks": result}


def double(values: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(values).double()


def adrift(network: Network) -> set[str]:
    """Biases that batch norm takes away again, and the mean that it takes away: their gradient is rounding alone."""
    result, last = set(), None
    for layer in network.layers:
        if isinstance(layer, Conv):
            last = layer if layer.activation == "linear" else None
        elif isinstance(layer, BatchNorm) and last is not None:
            result |= {f"{last.name}.bias", f"{layer.name}.running_mean"}
    return result


def training() -> dict[str, Any]:
    data = load_mnist_split("train")
    result: dict[str, Any] = {}
    for recipe in (get_recipe("fast"), get_recipe("classic"), MIXED):
        steps = (event for event in train(recipe, data, SEED, threads=1) if isinstance(event, StepEnd))
        taken = list(itertools.islice(steps, STEPS[recipe.name]))
        result[recipe.name] = {
            "recipe": {**recipe.to_json(), "network": recipe.network.to_json()},
            "losses": [step.loss for step in taken],
            "accuracies": [step.accuracy for step in taken],
            "rates": [step.learning_rate for step in taken],
            "weights": {
                name: samples(array)
                for name, array in taken[-1].snapshot().weights.items()
                if name not in adrift(recipe.network)
            },
        }
    return {"seed": SEED, "recipes": result}


if __name__ == "__main__":
    for made in (drawings, pictures, layers, verdicts, training):
        if sys.argv[1:] and made.__name__ not in sys.argv[1:]:
            continue
        (HERE / f"{made.__name__}.json").write_text(json.dumps(made(), indent=1) + "\n")
        print(HERE / f"{made.__name__}.json")
