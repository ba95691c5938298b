"""Trainings, experiments and fine-tuning: order, watch, stop."""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from exmachina.errors import InputError
from exmachina.server.jobs import Job, Unit
from exmachina.server.library import NotFoundError
from exmachina.server.services import Services, learner
from exmachina.server.specs import QUICK, build_experiment, build_recipe, cost, recipe_to_json

Learner = Annotated[str, Depends(learner)]
JobId = Annotated[str, Path(max_length=40)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
VALIDATION = "10,000 images held out of MNIST's training set"
MAX_OWN = 500  # the latest drawings that a fine-tuning learns from


class Order(BaseModel):
    """What every order has: a recipe by name, knobs to turn, and another network if wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    recipe: str = Field(default="fast", max_length=100)
    changes: dict[str, Any] = Field(default_factory=dict, max_length=40)
    network: dict[str, Any] | None = None


class TrainingOrder(Order):
    """One training."""

    seed: Seed = 0
    snapshots: int = Field(default=40, ge=0, le=200)


class ExperimentOrder(Order):
    """Every value of every varied knob, each over the same seeds."""

    vary: dict[str, Annotated[list[Any], Field(min_length=1, max_length=50)]] = Field(
        default_factory=dict, max_length=4
    )
    seeds: int = Field(default=3, ge=1, le=50)


class FinetuneOrder(BaseModel):
    """Learn the collection on top of a run."""

    model_config = ConfigDict(extra="forbid", strict=True)
    run: str = Field(default="fast", max_length=100)
    seed: Seed = 0
    snapshots: int = Field(default=20, ge=0, le=200)


class Nothing(BaseModel):
    """An empty object."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Accepted(BaseModel):
    """The number under which to watch what was ordered."""

    id: str


def router(services: Services) -> APIRouter:
    """Routes around the training processes."""
    routes = APIRouter()
    hub, library = services.hub, services.library

    def task(job: Job, **details: Any) -> dict[str, Any]:
        return {
            "kind": job.kind,
            "snapshot_folder": str(job.folder),
            "out": str(library.folder_of(job.learner) / job.id),
            "job_seconds": services.settings.limits.job_seconds,
            **details,
        }

    def find(learner: str, key: str) -> Job:
        job = hub.find(learner, key)
        if job is None:
            raise NotFoundError("That training is not yours, or was long ago; start it again.")
        return job

    @routes.get("/trainings", summary="Your trainings and experiments, waiting, running or lately finished")
    async def trainings(learner: Learner) -> list[dict[str, Any]]:
        return [job.to_json() for job in hub.jobs.values() if job.learner == learner]

    @routes.post("/trainings", status_code=202, summary="Train from scratch")
    async def start_training(order: TrainingOrder, learner: Learner) -> Accepted:
        recipe = build_recipe(order.recipe, order.changes, order.network)
        about = {"recipe": order.recipe, "seed": order.seed, "changes": order.changes, "network": recipe.network.name}
        job = hub.new_job(learner, "training", about)
        details = task(job, recipe=recipe_to_json(recipe), seed=order.seed, snapshots=order.snapshots)
        hub.submit(job, [Unit(job, details, quick=cost(recipe) <= QUICK)])
        return Accepted(id=job.id)

    @routes.post("/experiments", status_code=202, summary="The same training over seeds and values of knobs")
    async def start_experiment(order: ExperimentOrder, learner: Learner) -> Accepted:
        variants = build_experiment(order.recipe, order.changes, order.network, order.vary, order.seeds)
        about = {
            "recipe": order.recipe,
            "vary": order.vary,
            "seeds": order.seeds,
            "values": [variant.value for variant in variants],
            "total": len(variants) * order.seeds,
            "measured_on": VALIDATION,
        }
        job = hub.new_job(learner, "experiment", about)
        units = [
            Unit(
                job,
                task(job, recipe=recipe_to_json(variant.recipe), seed=seed),
                quick=cost(variant.recipe) <= QUICK,
                value=variant.value,
            )
            for seed in range(order.seeds)  # seed by seed, so that an early stop has something of every value
            for variant in variants
        ]
        hub.submit(job, units)
        return Accepted(id=job.id)

    @routes.post("/finetune", status_code=202, summary="Train a run on with your own drawings")
    async def start_finetuning(order: FinetuneOrder, learner: Learner) -> Accepted:
        entry = library.entry(learner, order.run)
        everything = await asyncio.to_thread(lambda: services.collection.dataset(learner))
        mine = everything[-MAX_OWN:]
        if not len(mine):
            raise InputError("Your collection is empty; draw a digit and keep it with its label first.")
        job = hub.new_job(learner, "finetune", {"run": order.run, "digits": len(mine), "seed": order.seed})
        details = task(
            job,
            run=str(entry.directory),
            images=base64.b64encode(mine.images.tobytes()).decode(),
            labels=mine.labels.tolist(),
            seed=order.seed,
            snapshots=order.snapshots,
        )
        hub.submit(job, [Unit(job, details, quick=True)])
        return Accepted(id=job.id)

    async def events(
        key: JobId,
        learner: Learner,
        after: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    ) -> StreamingResponse:
        # A browser that reconnects by itself sends the header, and knows better than the address it began with.
        last = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after
        stream = find(learner, key).read(last, hub.closing)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    async def stop(key: JobId, nothing: Nothing, learner: Learner) -> Accepted:
        hub.stop(find(learner, key))
        return Accepted(id=key)

    @routes.post("/trainings/{key}/pause", status_code=202, summary="Wait after the current step")
    async def pause(key: JobId, nothing: Nothing, learner: Learner) -> Accepted:
        hub.lead(find(learner, key), "pause")
        return Accepted(id=key)

    @routes.post("/trainings/{key}/resume", status_code=202, summary="Go on after a pause")
    async def resume(key: JobId, nothing: Nothing, learner: Learner) -> Accepted:
        hub.lead(find(learner, key), "resume")
        return Accepted(id=key)

    @routes.post("/trainings/{key}/step", status_code=202, summary="Take one step and wait")
    async def step(key: JobId, nothing: Nothing, learner: Learner) -> Accepted:
        hub.lead(find(learner, key), "step")
        return Accepted(id=key)

    for kind in ("trainings", "experiments"):
        routes.add_api_route(
            f"/{kind}/{{key}}/events",
            events,
            summary="What happens, as server-sent events; Last-Event-ID or ?after= resumes",
            operation_id=f"{kind}_events",
        )
        routes.add_api_route(
            f"/{kind}/{{key}}/stop",
            stop,
            methods=["POST"],
            status_code=202,
            summary="Stop after the current step, or leave the queue",
            operation_id=f"{kind}_stop",
        )

    @routes.get("/trainings/{key}/snapshots/{index}", summary="The weights at a moment of training (safetensors)")
    def snapshot(key: JobId, index: Annotated[int, Path(ge=0, le=1000)], learner: Learner) -> Response:
        try:
            content = find(learner, key).snapshot(index).read_bytes()
        except OSError:
            raise NotFoundError(f"There is no snapshot {index} of this training.") from None
        headers = {"Cache-Control": "private, max-age=604800, immutable"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    return routes
