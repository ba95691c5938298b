"""The model card (Mitchell et al. 2019), how to repeat it all, and which checklists are met by what."""

from __future__ import annotations

from exmachina.evaluation.results import Evaluation, measured
from exmachina.formatting import percent
from exmachina.report.markup import Html, details, el, join, para, table
from exmachina.report.words import name_of, plain, span, with_span
from exmachina.runs import Run

WRITERS = "for MNIST: American high-school students and Census Bureau employees, around 1990"
HANDS = "; beside them 30 writers with a pen in Turkey, around 1996, makers of typefaces, and nobody: strokes made up"
LICENCE = "data: CC BY-SA 3.0 (MNIST, LeCun, Cortes and Burges)"
HANDS_LICENCE = "; CC BY 4.0 (UCI pen digits, Alpaydin and Alimoglu); OFL 1.1 and Apache 2.0 (typefaces)"


def card(evaluation: Evaluation) -> Html:
    """Who made it, of what, for what, and for what not."""
    subject, run = evaluation.subject, evaluation.subject.run
    recipe = run.recipe
    layers = " → ".join(layer.name for layer in run.network.layers)
    hardware = f"{run.hardware.get('processor', 'unknown processor')}, {run.hardware.get('cores', '?')} cores"
    trained = f"{run.splits.get('train', 0):,} images of {run.splits.get('data', 'unknown data')}"
    optimizer = (
        f"{recipe.get('optimizer')}, learning rate {recipe.get('learning_rate')}, batch {recipe.get('batch_size')}"
    )
    rows = [
        ("Network", f"{subject.network}: {layers}"),
        (
            "Size",
            f"{subject.parameters:,} parameters; {subject.multiplications / 1e6:.2f} million multiplications an image",
        ),
        (
            "Recipe",
            f"{recipe.get('name')}: {optimizer}, {recipe.get('epochs')} epochs, seed {run.seed}{_trained_on(run)}",
        ),
        ("Learned from", f"{trained}, in {run.train_seconds:.1f} s ({run.precision}, {hardware})"),
        ("Written by", WRITERS + (HANDS if run.splits.get("hands") else "")),
        ("For", "single handwritten digits, one an image, brought to MNIST's convention by this package"),
        (
            "Not for",
            "several digits at once, letters, other scripts or styles of digits, cheques, marks, doses, or anything "
            "where a "
            "wrong digit harms someone and nobody checks",
        ),
        ("Figures", _figures(evaluation)),
        ("Rejects", _rejects(evaluation)),
        (
            "Fairness",
            "no age, sex, origin or hand of any writer is known; the two halves of the test set are the only groups "
            "that "
            "can be compared",
        ),
        (
            "Weights",
            f"SHA-256 {subject.digest}…; made {run.created or 'at an unknown time'}, with {_versions(run.versions)}",
        ),
        ("Licence", LICENCE + (HANDS_LICENCE if run.splits.get("hands") else "")),
    ]
    if run.interrupted:
        rows.insert(3, ("Caution", "the training was interrupted before its end"))
    return el(
        "section",
        el("h2", "Model card", id_="card-title"),
        el("dl", *(join([el("dt", name), el("dd", value)]) for name, value in rows), class_="card"),
        para(
            el("strong", "What would change my mind: "),
            "most of this is copied from the run's own record, which whoever made the run could have written as they "
            "liked. Only the layers, the size and the sum of the weights were counted here.",
        ),
        id_="card",
        class_="whole",
        aria_labelledby="card-title",
    )


def repeat_section(evaluation: Evaluation) -> Html:
    """Commands that repeat this, checklists, and what is missing."""
    setting, subject = evaluation.setting, evaluation.subject
    recipe = subject.run.recipe.get("name", subject.network)
    run = subject.run
    commands = f"exmachina train --recipe {recipe} --seed {run.seed}{_learned(run)} --out runs/again\n"
    if "background" in run.splits:
        commands += "python scripts/teach_background.py runs/again\n"
    if run.rejection_threshold is not None:
        commands += f"exmachina calibrate runs/again{' --temperature' if run.temperature != 1 else ''}\n"
    commands += f"exmachina evaluate runs/again {setting.options} --report report.html".replace("  ", " ")
    missing = [(name_of(key), reason) for key, reason in evaluation.missing().items()]
    robustness = measured(evaluation.robustness)
    if robustness and robustness.no_reference:
        missing.append(("mCE", robustness.no_reference))
    return el(
        "section",
        el("h2", "How to repeat it, and what is missing", id_="repeat-title"),
        el("pre", commands, tabindex="0", role="region", aria_label="Commands"),
        el(
            "p",
            f"Evaluated {setting.created} in {setting.seconds:.0f} s with seed {setting.seed} on "
            f"{setting.hardware.get('processor', 'an unknown processor')}, {setting.hardware.get('cores', '?')} cores; "
            f"{_versions(setting.versions)}. Fitted to {setting.fitted_to}. The same seed gives the same spoilt "
            "images, "
            "strangers and draws. The same numbers stand in the JSON file beside this one.",
        ),
        para(
            el("strong", "What would change my mind: "),
            "numbers that another computer cannot repeat within their intervals. Training again gives another network "
            "of the same recipe, not these weights: their sum is in the model card.",
        ),
        table("Not in this report", ("part", "why"), missing, texts=2) if missing else el("p", "Nothing was left out."),
        details(
            "Checklists",
            table("What is asked, and where it is answered", ("asked", "answered"), _checks(evaluation), texts=2),
        ),
        id_="repeat",
        class_="whole",
        aria_labelledby="repeat-title",
    )


def _learned(run: Run) -> str:
    """The options of `train` that say from which images, each with a blank before it."""
    held_out = run.splits.get("held_out")
    hands = " --hands" if run.splits.get("hands") else ""
    return hands + (f" --hold-out {held_out.get('images')}" if isinstance(held_out, dict) else "")


def _trained_on(run: Run) -> str:
    """What came after the recipe, if anything did."""
    background = run.splits.get("background")
    if not isinstance(background, dict):
        return ""
    beside = f"{background.get('images')} images that are no digit"
    beside += f" and {background['worn']} digits that are worn" if background.get("worn") else ""
    return f"; then {background.get('epochs')} epochs more beside {beside}"


def _checks(evaluation: Evaluation) -> list[tuple[str, str]]:
    seeds, data, confidence = measured(evaluation.seeds), measured(evaluation.data), measured(evaluation.confidence)
    return [
        ("Reproducibility (Pineau): data, splits, exclusions", f"Model card; {evaluation.subject.run.splits}"),
        (
            "Reproducibility: hyper-parameters and how they were chosen",
            "Model card; how they were chosen no run can show. The shipped recipes: docs/lab-notes.md",
        ),
        (
            "Reproducibility: number of runs, mean, spread",
            f"Seeds: {seeds.summary.n} runs" if seeds else "not measured",
        ),
        ("Reproducibility: infrastructure, time, versions", "Model card and above"),
        (
            "ML Test Score: a simpler model is no better",
            "The data itself: nearest neighbour" if data else "not measured",
        ),
        ("ML Test Score: quality on slices that matter", "The number; Where it is weak; Other hands"),
        (
            "ML Test Score: training is reproducible",
            "not measured here: the same seed starts from the same weights and batches, but with other threads "
            "or another "
            "processor sums are rounded otherwise, and the accuracy moves as between seeds",
        ),
        ("ML Test Score: numerical stability", f"{evaluation.health.unanswered} answers with nan or infinity"),
        ("Vision suite: duplicates, label and image drift", "The data itself" if data else "not measured"),
        ("Vision suite: weak segments, class performance", "The number; Where it is weak"),
        ("Vision suite: confidence", "Confidence" if confidence else "not measured"),
        ("Model card: use, factors, metrics, caveats", "Model card; first page"),
    ]


def _figures(evaluation: Evaluation) -> str:
    metrics, confidence = evaluation.metrics, measured(evaluation.confidence)
    parts = [f"accuracy {percent(metrics.accuracy.value)} ({span(metrics.accuracy)})", f"loss {plain(metrics.nll)}"]
    if confidence:
        parts.append(f"ECE {with_span(confidence.ece_interval)}")
        parts.append(f"risk at 98 % coverage {percent(confidence.risk(0.98).risk.value)}")
    robustness = measured(evaluation.robustness)
    if robustness and robustness.summary:
        parts.append(f"mCE {robustness.summary.mce:.0f}")
    return "; ".join(parts)


def _rejects(evaluation: Evaluation) -> str:
    if evaluation.subject.run.rejector is not None:
        return "whatever its rejector, fitted to made-up images, takes for no digit"
    threshold = evaluation.subject.run.rejection_threshold
    if threshold is None:
        return "nothing: no threshold is stored; exmachina calibrate fixes one"
    return f"whatever it is less than {percent(threshold)} sure of"


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "unknown versions"
