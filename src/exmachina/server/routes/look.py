"""What there is: health, networks, recipes, runs and the data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

import exmachina
from exmachina.errors import InputError
from exmachina.networks import NETWORKS, Network
from exmachina.server import digits
from exmachina.server.assess import assess
from exmachina.server.library import NotFoundError
from exmachina.server.services import Services, learner
from exmachina.training.recipes import RECIPES

Learner = Annotated[str, Depends(learner)]
FOREVER = {"Cache-Control": "private, max-age=604800, immutable"}
FILES = {"model.safetensors", "model.onnx"}
MAX_INDICES = 1000


def router(services: Services) -> APIRouter:
    """Routes that change nothing."""
    routes = APIRouter()
    library = services.library
    assessed: dict[tuple[str, str | None], dict[str, Any]] = {}

    @routes.get("/health", summary="Whether the server answers, and how many trainings wait")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "version": exmachina.__version__, "waiting": services.hub.waiting()}

    @routes.get("/networks", summary="The networks that recipes start from")
    async def networks() -> list[dict[str, Any]]:
        return [_network(network) for network in NETWORKS.values()]

    @routes.get("/recipes", summary="Named ways to train, with every knob")
    async def recipes() -> list[dict[str, Any]]:
        return [recipe.to_json() for recipe in RECIPES.values()]

    @routes.get("/runs", summary="Shipped runs and your own, newest first")
    def runs(learner: Learner) -> list[dict[str, Any]]:
        found = []
        for entry in library.entries(learner):
            try:
                found.append(library.describe(entry))
            except (InputError, KeyError, TypeError, AttributeError):
                continue  # damaged, or removed this moment: the others can be shown
        return found

    @routes.get("/runs/{run}/run.json", summary="The record of a run")
    def record(run: str, learner: Learner) -> dict[str, Any]:
        return library.record(library.entry(learner, run))

    @routes.get("/runs/{run}/evaluation", summary="A quick honest evaluation on MNIST's test set")
    async def evaluation(run: str, learner: Learner) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            entry = library.entry(learner, run)
            # A run never changes under its id, but a host's own folder may be trained again.
            key = (str(entry.directory), library.record(entry).get("created"))
            if key not in assessed:
                result = assess(library.classifier(learner, run), digits.part("test"))
                if len(assessed) >= 64:
                    assessed.pop(next(iter(assessed)))
                assessed[key] = result
            return assessed[key]

        return await services.slow.run(work)

    @routes.get("/runs/{run}/{file}", summary="A file of a run: model.safetensors or model.onnx")
    def file(run: str, file: str, learner: Learner) -> Response:
        if file not in FILES:
            raise NotFoundError(
                f"A run has no file '{file[:60]}'. Choose one of: {', '.join(sorted(FILES))}, run.json."
            )
        content = library.content(library.entry(learner, run), file)
        return Response(content, media_type="application/octet-stream", headers={"Cache-Control": "private, no-cache"})

    @routes.get("/data/summary", summary="Counts, average images and the strangest images of every digit")
    async def summary() -> dict[str, Any]:
        return await services.slow.run(digits.summary)

    @routes.get("/data/{split}", summary="Images: for each a byte for the label and 784 for the pixels")
    def data(
        split: Literal["train", "test"],
        offset: Annotated[int, Query(ge=0, le=60_000)] = 0,
        limit: Annotated[int, Query(ge=0, le=1000)] = 100,
        digit: Annotated[int | None, Query(ge=0, le=9)] = None,
        indices: Annotated[str | None, Query(max_length=7000, description="e.g. 3,17,42; in that order")] = None,
    ) -> Response:
        if indices is None:
            chosen = digits.indices(split, digit)[offset : offset + limit].tolist()
        else:
            chosen = _indices(indices, len(digits.part(split)))
        headers = {**FOREVER, "X-Indices": ",".join(map(str, chosen))}
        return Response(digits.rows(split, chosen), media_type="application/octet-stream", headers=headers)

    return routes


def _network(network: Network) -> dict[str, Any]:
    steps = [
        {
            "name": step.layer.name,
            "type": step.layer.kind,
            "output_shape": step.output_shape,
            "parameters": step.parameters,
            "multiplications": step.multiplications,
        }
        for step in network.steps()
    ]
    return {**network.to_json(), "parameters": network.parameters, "steps": steps}


def _indices(text: str, count: int) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MAX_INDICES or not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        raise InputError(f"indices must be at most {MAX_INDICES} whole numbers with commas between them.")
    chosen = [int(part) for part in parts]
    if chosen and max(chosen) >= count:
        raise InputError(f"There is no image {max(chosen)}; indices run from 0 to {count - 1}.")
    return chosen
