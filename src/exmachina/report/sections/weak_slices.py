"""Where it is weak: slices found by looking everywhere, corrected for that."""

from __future__ import annotations

from exmachina.evaluation.datasets.weak_slices import RISK, WeakSlice, WeakSlices
from exmachina.evaluation.results import Evaluation, Missing, measured
from exmachina.formatting import percent
from exmachina.report.charts import bar
from exmachina.report.markup import Margin, Section, absent, details, el, para, table
from exmachina.report.words import count, listed, span

NAMED = 4


def slices_section(evaluation: Evaluation) -> Section:
    """Weak slices of the test set, and the traits one by one."""
    slices = evaluation.slices
    if isinstance(slices, Missing):
        finding: object = "Where it is weak could not be searched for."
        body: list[object] = [absent(slices.reason)]
    else:
        finding, body = _finding(slices), _body(evaluation, slices)
    return Section(
        finding,
        body,
        Margin(
            "A mean hides the people it fails. If your digits are like a weak slice, its error is your error, not the "
            "headline's.",
            "Each slice of twenty digits or more by Fisher's exact test against the rest, each pair of digits by a "
            "binomial test against mistakes spread evenly. Holm's correction bounds the chance of one false alarm in "
            "all by 5 %; Benjamini and Hochberg's the share of false alarms among those named.",
            "The same slice, weak again on digits that nobody has looked at. Slices overlap, so two names may be one "
            "cause; and digits by one hand are alike, which makes small p-values somewhat too small.",
            plain=_plain(slices),
        ),
    )


def _plain(slices: WeakSlices | Missing) -> str:
    start = (
        "If you search long enough, you always find some group of digits that went badly, just as in a hundred dice "
        "throws there is a row of sixes somewhere. "
    )
    if isinstance(slices, Missing):
        return start
    if not slices.certain:
        return f"{start}We looked at {slices.total:,} groups and found none that luck alone could not explain."
    return (
        f"{start}We looked at {slices.total:,} groups and made the test that much stricter; "
        f"{count(slices.certain, 'group')} still stood out."
    )


def name_slice(one: WeakSlice) -> str:
    """A slice as a sentence's part."""
    if one.kind == "pair of digits":
        return f"{one.name} taken for one another"
    if one.kind in ("trait", "two traits"):
        return f"digits: {one.name}"
    return f"digits {one.name}" if one.kind == "half" else one.name


def _finding(slices: WeakSlices) -> str:
    weak = slices.weak()
    start = f"Of {slices.total:,} slices that were looked at, "
    if not weak:
        most = slices.slices[0] if slices.slices else None
        beside = (
            f" The likeliest, {name_slice(most)}, would come up in {percent(min(most.holm, 1), 0)} of such searches "
            "through a network without any."
            if most
            else ""
        )
        return f"{start}none is weak beyond chance.{beside}"
    named = [
        f"{name_slice(one)} ({percent(one.error.value)}, {one.errors} mistakes for {one.expected:.1f})" for one in weak
    ]
    more = f", and {slices.certain - NAMED} more" if slices.certain > NAMED else ""
    verb = "is" if slices.certain == 1 else "are"
    return f"{start}{slices.certain} {verb} weak beyond chance: {listed(named[:NAMED])}{more}."


def _body(evaluation: Evaluation, slices: WeakSlices) -> list[object]:
    most = max([one.error.value for one in slices.slices] + [1e-9])
    rows = [
        (
            name_slice(one),
            f"{one.error.n:,}",
            bar(one.error.value / most, percent(one.error.value)),
            span(one.error),
            f"{one.errors} ({one.expected:.1f})",
            _p(one.holm),
            _p(one.benjamini_hochberg),
        )
        for one in slices.slices
    ]
    looked = listed([f"{number:,} {_plural(kind)}" for kind, number in slices.looked.items()])
    head = ("slice", "digits", "misread", "95 % interval", "mistakes (usual)", "Holm", "B.–H.")
    caption = f"The likeliest weak slices of {slices.total:,}; below {RISK:g} after correction it is not chance"
    body: list[object] = [
        table(caption, head, rows, class_="named"),
        para(
            f"Looked at: {looked}. {slices.certain} stand out by Holm's correction, {slices.likely} by Benjamini and "
            "Hochberg's. “Usual” is how many mistakes there would be at the error of all other digits."
        ),
    ]
    audit = measured(evaluation.data)
    traits = [(one.name, one.error, one.share) for one in audit.segments if one.error] if audit else []
    if traits:
        worst = max(*(error.value for _, error, _ in traits), 1e-9)
        by_trait = [
            (name, bar(error.value / worst, percent(error.value)), span(error), percent(share, 0))
            for name, error, share in sorted(traits, key=lambda trait: -trait[1].value)
        ]
        caption = "Error by trait of the test digits, the worst first"
        thirds = table(caption, ("trait", "misread", "95 % interval", "share"), by_trait)
        body.append(details("Every trait, in thirds", thirds))
    return [el("h3", "Looked everywhere, and paid for it"), *body]


def _plural(kind: str) -> str:
    return {"pair of digits": "pairs of digits", "digit with a trait": "digits with a trait", "half": "halves"}.get(
        kind, kind if kind.endswith("s") else f"{kind}s"
    )


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"
