"""Each part of an evaluation as a stream: how far it is, and at last the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exmachina.classifier import Classifier
from exmachina.errors import InputError
from exmachina.evaluation.calibration.confidence import Confidence, measure_confidence, rule_at_home
from exmachina.evaluation.calibration.held_out import HeldOut, declared_part
from exmachina.evaluation.contamination import Contamination, look_for_contamination
from exmachina.evaluation.datasets.audit import DataAudit, audit_data
from exmachina.evaluation.datasets.external_datasets import ExternalDataset, measure_external
from exmachina.evaluation.datasets.label_votes import STUDENTS, Halves, LabelledErrors, halves, labelled_errors
from exmachina.evaluation.datasets.weak_slices import WeakSlices, find_weak_slices
from exmachina.evaluation.datasets.writers import worst_decile
from exmachina.evaluation.decisions import Decisions, decide
from exmachina.evaluation.inputs import Answers, Protocol
from exmachina.evaluation.mistakes import Mistakes, explain_mistakes
from exmachina.evaluation.ood.out_of_distribution import OutOfDistribution, measure_out_of_distribution
from exmachina.evaluation.results import Missing, Seeds, WriterResults, measured
from exmachina.evaluation.robustness.attacks import AttackResult, Method, attack
from exmachina.evaluation.robustness.curves import Curve
from exmachina.evaluation.robustness.robustness import Robustness, measure_curves, measure_robustness
from exmachina.evaluation.statistics.cross_validation import (
    FOLDS,
    CrossValidation,
    check_cheap,
    cross_validate,
    recipe_of,
    train_one,
)
from exmachina.evaluation.statistics.intervals import clustered_bootstrap, complement, over_seeds, proportion
from exmachina.evaluation.statistics.metrics import losses
from exmachina.evaluation.test_set.selection_bias import (
    SelectionBias,
    measure_selection_bias,
    store_selection_bias,
    stored_selection_bias,
)
from exmachina.training import get_recipe

SLOW_QUICK = "left out of the quick evaluation; run it without --quick"
NO_WRITERS = (
    "who wrote which digit is not known on this computer, so the interval takes every digit for an independent draw "
    "and is too narrow; get the writers' tables once with --writers download, or give them by path"
)


@dataclass(frozen=True)
class Fitting:
    """What may be fitted to, and the cross-validation that it comes from, if there was one."""

    held_out: HeldOut
    cross_validation: CrossValidation | None = None


def fitting_part(protocol: Protocol, answers: Answers) -> Iterator[str | Fitting]:
    """Images that the run or a network in its place never learned; last of all, halves of the test set."""
    run, train = protocol.run, protocol.train
    declared = declared_part(run, train)
    if declared is not None:
        yield Fitting(HeldOut("held_out", answers.classifier.logits(declared.images), declared.labels))
        return
    if not protocol.quick:
        try:
            recipe = recipe_of(run)
            check_cheap(recipe, len(train))
            ids = protocol.train_writers.ids if protocol.train_writers is not None else None
            for item in cross_validate(recipe, train, run.seed + 1, writers=ids):
                if isinstance(item, CrossValidation):
                    yield Fitting(HeldOut("cross_validation", item.logits, train.labels), item)
                    return
                yield f"{item} of {FOLDS} folds trained"
        except InputError:
            pass  # too slow, or no recipe; the halves do
    yield Fitting(HeldOut("halves", answers.logits, protocol.test.labels))


def contamination_part(protocol: Protocol, answers: Answers) -> Iterator[Contamination]:
    """Whether the run has seen its test, and whether its record can be true."""
    yield look_for_contamination(protocol.run, answers.finite, protocol.train, protocol.test)


def labels_part(protocol: Protocol, answers: Answers) -> Iterator[LabelledErrors]:
    """The error by the labels as given and as people corrected them."""
    yield labelled_errors(answers.digits, protocol.test.labels)


def halves_part(protocol: Protocol, answers: Answers) -> Iterator[Halves]:
    """The error on each half of MNIST's test set."""
    yield halves(answers.digits, protocol.test.labels)


def writers_part(protocol: Protocol, answers: Answers) -> Iterator[WriterResults]:
    """An interval that knows who wrote what, and the writers who are read worst."""
    writers, labels = protocol.writers, protocol.test.labels
    if writers is None:
        raise InputError(NO_WRITERS)
    writers.check_labels(labels)
    generator = np.random.default_rng([protocol.seed, 1])
    ids, train_writers = writers.ids, protocol.train_writers
    yield WriterResults(
        writers=len(writers),
        accuracy=clustered_bootstrap(~answers.wrong, ids, generator),
        loss=clustered_bootstrap(losses(answers.finite / answers.temperature, labels), ids, generator),
        worst=worst_decile(answers.wrong, ids, generator, np.arange(len(labels)) < STUDENTS),
        shared=None if train_writers is None else len(np.intersect1d(train_writers.ids, ids)),
    )


def confidence_part(protocol: Protocol, answers: Answers, fitting: Fitting | Missing) -> Iterator[Confidence]:
    """Calibration, selective prediction, prediction sets."""
    labels, held_out = protocol.test.labels, _held_out(fitting)
    clusters = _writers(protocol)
    yield measure_confidence(answers.logits, labels, held_out, answers.temperature, protocol.seed, clusters)


def robustness_part(protocol: Protocol, answers: Answers, fitting: Fitting | Missing) -> Iterator[str | Robustness]:
    """The fifteen corruptions, beside the reference network."""
    reference = protocol.reference
    yield from measure_robustness(
        answers.predict,
        protocol.test[: protocol.extent.corrupted],
        seed=protocol.seed,
        reference=None if reference is None else (reference[0], reference[1].logits),
        held_out=_held_out(fitting),
        temperature=answers.temperature,
        severity_images=protocol.extent.severities,
    )


def curves_part(protocol: Protocol, answers: Answers) -> Iterator[tuple[Curve, ...]]:
    """The error against shift, rotation, scale and pen width."""
    yield tuple(measure_curves(answers.predict, protocol.test[: protocol.extent.curves]))


def attacks_part(protocol: Protocol) -> Iterator[str | tuple[AttackResult, ...]]:
    """FGSM and PGD at each ε; with time also the stronger one."""
    results = []
    few = protocol.test[: protocol.extent.attacked]
    methods: tuple[Method, ...] = ("fgsm", "pgd") if protocol.quick else ("fgsm", "pgd", "apgd")
    for result in attack(protocol.run, few, protocol.extent.epsilons, protocol.seed, methods):
        results.append(result)
        yield f"{result.method} at ε = {result.epsilon}"
    yield tuple(results)


def ood_part(protocol: Protocol, answers: Answers, fitting: Fitting | Missing) -> Iterator[OutOfDistribution]:
    """Images that are no digits."""
    yield measure_out_of_distribution(
        protocol.run,
        answers.predict,
        answers.logits / np.float32(answers.temperature),
        protocol.test,
        _held_out(fitting),
        n=protocol.extent.non_digits,
        pictures=protocol.non_digits,
        seed=protocol.seed,
    )


def external_part(
    protocol: Protocol, answers: Answers, fitting: Fitting | Missing
) -> Iterator[str | tuple[ExternalDataset | Missing, ...]]:
    """Labelled sets from elsewhere; one that cannot be measured does not cost the others."""
    results: list[ExternalDataset | Missing] = []
    rule = None
    with suppress(InputError):  # without a rule the error is known all the same
        rule = rule_at_home(_held_out(fitting), answers.temperature)
    for other in protocol.external_datasets:
        yield other.name
        try:
            results.append(measure_external(answers.predict, other, protocol.test, answers.wrong, threshold=rule))
        except InputError as error:
            results.append(Missing(f"{other.name}: {error}"))
    yield tuple(results)


def data_part(protocol: Protocol, answers: Answers, fitting: Fitting | Missing) -> Iterator[DataAudit]:
    """Copies, drift, doubtful labels and outliers."""
    cross_validation = None if isinstance(fitting, Missing) else fitting.cross_validation
    yield audit_data(
        protocol.train,
        protocol.test,
        answers.finite,
        answers.wrong,
        out_of_fold=None if cross_validation is None else cross_validation.logits,
        searched=protocol.extent.searched,
        compared=protocol.extent.compared,
    )


def slices_part(protocol: Protocol, answers: Answers) -> Iterator[WeakSlices]:
    """Where it errs more than elsewhere, corrected for having looked everywhere."""
    test = protocol.test
    yield find_weak_slices(test.images, test.labels, answers.digits, _writers(protocol))


def mistakes_part(protocol: Protocol, answers: Answers) -> Iterator[str | Mistakes]:
    """Every mistake with its neighbours and what speaks for it, and a map of all images."""
    extent = protocol.extent
    yield from explain_mistakes(
        protocol.run,
        answers.logits,
        protocol.train,
        protocol.test,
        most=extent.most_mistakes,
        attributed=extent.attributed,
        searched=extent.neighbours_among,
        mapped=extent.mapped,
        seed=protocol.seed,
    )


def seeds_part(protocol: Protocol, answers: Answers) -> Iterator[str | Seeds]:
    """The same recipe with other seeds."""
    run, train, test = protocol.run, protocol.train, protocol.test
    if protocol.quick:
        raise InputError(SLOW_QUICK)
    recipe = recipe_of(run)
    check_cheap(recipe, len(train))
    if run.splits.get("train") != len(train) or run.interrupted:
        raise InputError("this run did not learn the whole training set, so its seed is no peer of others")
    seeds, accuracies, apart = [run.seed], [float((~answers.wrong).mean())], []
    for seed in range(run.seed + 1, run.seed + 1 + protocol.extent.more_seeds):
        logits = Classifier.from_run(train_one(recipe, train, seed)).logits(test.images)
        wrong = logits.argmax(axis=1) != test.labels
        seeds.append(seed)
        accuracies.append(float((~wrong).mean()))
        apart.append(float((wrong != answers.wrong).mean()))
        yield f"{len(seeds)} of {1 + protocol.extent.more_seeds}"
    discordance = float(np.mean(apart)) if apart else None
    yield Seeds(tuple(seeds), tuple(accuracies), over_seeds(accuracies), discordance)


def decisions_part(
    protocol: Protocol,
    answers: Answers,
    fitting: Fitting | Missing,
    writers: WriterResults | Missing,
    data: DataAudit | Missing,
    seeds: Seeds | Missing,
) -> Iterator[Decisions]:
    """What follows for whoever wants to use the network, or to compare it."""
    known_writers, audit, cross_validation = measured(writers), measured(data), measured(seeds)
    accuracy = known_writers.accuracy if known_writers else proportion(~answers.wrong)
    yield decide(
        answers.finite,
        answers.wrong,
        protocol.test,
        _held_out(fitting),
        temperature=answers.temperature,
        test_error=complement(accuracy),
        writers=protocol.writers if known_writers else None,
        discordance=cross_validation.discordance if cross_validation else None,
        odd=tuple(one.index for one in audit.outliers) if audit else (),
        seed=protocol.seed,
    )


def selection_bias_part(protocol: Protocol) -> Iterator[str | SelectionBias]:
    """What choosing on the test set is worth; done once on a computer."""
    recipe = get_recipe("fast")
    stored = stored_selection_bias(recipe)
    if stored is not None:
        yield stored
        return
    if protocol.quick:
        raise InputError(SLOW_QUICK)
    check_cheap(recipe, len(protocol.train))
    for item in measure_selection_bias(recipe, protocol.train):
        if isinstance(item, SelectionBias):
            store_selection_bias(item, recipe)
            yield item
        else:
            yield f"seed {item.seed} trained {len(item.right)} networks"


def _writers(protocol: Protocol) -> NDArray[np.int64] | None:
    """Who wrote the test digits (N,), if these are the digits that the table is for."""
    writers, labels = protocol.writers, protocol.test.labels
    known = writers is not None and writers.labels.shape == labels.shape and (writers.labels == labels).all()
    return writers.ids if writers is not None and known else None


def _held_out(fitting: Fitting | Missing) -> HeldOut:
    if isinstance(fitting, Missing):
        raise InputError("nothing was held out to fit to")
    return fitting.held_out
