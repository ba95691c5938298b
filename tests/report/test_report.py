"""The report: one file that asks for nothing, says its numbers, hides nothing, and never lets text become markup."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from exmachina import InputError
from exmachina.data import Dataset
from exmachina.evaluation import Evaluation, evaluate
from exmachina.evaluation.robustness.corruptions import summarise
from exmachina.evaluation.robustness.robustness import Reference, Robustness
from exmachina.formatting import percent
from exmachina.report import first_page, render_page, report_json, write_report
from exmachina.report.page import SECTIONS
from exmachina.report.words import listed
from exmachina.runs import Run
from exmachina.training import Recipe, TrainingEnd, get_recipe, train
from extents import SMALL


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def evaluation(
    tiny_recipe: Recipe, digits: Dataset, test_digits: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Evaluation:
    log_folder = tmp_path_factory.mktemp("log")
    external_datasets = [test_digits[:100]]
    # Stopped early enough to make mistakes worth reporting.
    *_, end = train(tiny_recipe.replace(learning_rate=0.01, epochs=1), digits, seed=0, test=test_digits)
    assert isinstance(end, TrainingEnd)
    *_, result = evaluate(
        end.run,
        digits,
        test_digits,
        name="<b>tiny</b>",
        quick=True,
        extent=SMALL,
        log_folder=log_folder,
        external_datasets=external_datasets,
    )
    assert isinstance(result, Evaluation)
    return result


class Page(HTMLParser):
    """Checks nesting and collects tags; the void elements of HTML close themselves."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "hr", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_page_is_well_formed_and_asks_for_nothing(evaluation: Evaluation) -> None:
    text = render_page(evaluation)
    page = Page(text)
    assert not page.open
    assert not {"link", "iframe", "object"} & {tag for tag, _ in page.tags}
    # Its one script is part of it, named by its sum, and brings nothing in.
    assert [(one["type"], "src" in one) for one in page.all("script")] == [
        ("application/json", False),
        ("module", False),
    ]
    script = text.rsplit('<script type="module">', 1)[1].split("</script>")[0]
    allowed = f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
    assert any(f"script-src {allowed}" in (one.get("content") or "") for one in page.all("meta"))
    assert not re.search(r"fetch|import|XMLHttp|eval|innerHTML", script)
    assert "http" not in re.sub(r"http-equiv", "", text) and "url(" not in text and "@import" not in text
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in page.all("img"))


def test_every_picture_has_words_and_every_table_a_caption_and_headers(evaluation: Evaluation) -> None:
    page = Page(render_page(evaluation))
    assert page.all("img") and all(image["alt"] for image in page.all("img"))
    assert page.all("svg") and all(picture["role"] == "img" and picture["aria-label"] for picture in page.all("svg"))
    assert len(page.all("table")) == len(page.all("caption"))
    assert len(page.all("title")) == 1 + len(page.all("svg"))


def test_every_link_leads_somewhere_and_ids_are_unique(evaluation: Evaluation) -> None:
    page = Page(render_page(evaluation))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.all("a")} <= {f"#{one}" for one in ids}


def test_names_never_become_markup(evaluation: Evaluation) -> None:
    text = render_page(evaluation)
    assert "<b>tiny" not in text and "&lt;b&gt;tiny" in text


def test_every_section_has_its_three_notes(evaluation: Evaluation) -> None:
    text = render_page(evaluation)
    notes = [text.count(one) for one in ("What this means</h3>", "What would change my mind</h3>", "<aside")]
    assert notes == [len(SECTIONS)] * 3


def test_first_page_quotes_the_real_numbers(evaluation: Evaluation) -> None:
    front = first_page(evaluation)
    assert front.fit and len(front.sentences) == 3
    assert percent(evaluation.metrics.accuracy.value) in front.sentences[0]
    for sentence in front.sentences:
        assert sentence.endswith(".")
    weights = [worry.weight for worry in front.worries]
    assert weights == sorted(weights, reverse=True) and front.worries


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_broken_network_is_told_plainly(value: float, evaluation: Evaluation, tiny_run: Run, digits: Dataset) -> None:
    weights = {name: np.full_like(array, value) for name, array in tiny_run.weights.items()}
    *_, result = evaluate(replace(tiny_run, weights=weights), digits, digits[:200], quick=True, extent=SMALL)
    assert isinstance(result, Evaluation)
    front = first_page(result)
    assert not front.fit and "Do not use it" in front.sentences[0] and "does not read" in front.headline
    assert "Do not use it" in render_page(result)


def test_the_card_names_other_hands_their_licences_and_how_to_learn_them_again(evaluation: Evaluation) -> None:
    run = evaluation.subject.run
    taught = replace(run, splits={**run.splits, "hands": 5, "held_out": {"images": 3, "seed": 0}})
    page = render_page(replace(evaluation, subject=replace(evaluation.subject, run=taught)))
    assert "--hands --hold-out 3" in page
    for words in ("CC BY 4.0 (UCI pen digits", "30 writers with a pen"):
        assert words in page and words not in render_page(evaluation)


def test_the_json_beside_it_holds_the_same(evaluation: Evaluation, tmp_path: Path) -> None:
    path = write_report(evaluation, tmp_path / "new" / "report.html")
    summary = json.loads((tmp_path / "new" / "report.json").read_text())
    assert path.read_text() == render_page(evaluation)
    assert summary == json.loads(json.dumps(report_json(evaluation)))
    assert summary["verdict"] == list(first_page(evaluation).sentences)


def test_another_kind_of_file_is_refused(evaluation: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"report\.pdf"):
        write_report(evaluation, tmp_path / "report.pdf")


def test_words_are_listed_as_people_list_them() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_every_section_speaks_to_three_readers(evaluation: Evaluation) -> None:
    for name, _, title, write in SECTIONS:
        margin = write(evaluation).margin
        assert all((margin.plain, margin.means, margin.computed, margin.change)), name
        # Nothing of a statistician's in the line for a fourteen-year-old.
        assert not re.search(r"interval|p-value|Wilson|bootstrap|ECE|AUROC|quantile", str(margin.plain)), title
    text = render_page(evaluation)
    assert text.count("In plain words") == len(SECTIONS) + 1  # and where it is pointed to
    assert text.lower().count("what would change my mind") == len(SECTIONS) + 2  # model card, how to repeat it


def test_a_perfect_score_divides_by_nothing(evaluation: Evaluation) -> None:
    from exmachina.evaluation.statistics.metrics import measure

    labels = np.arange(100) % 10
    faultless = replace(evaluation, metrics=measure(np.eye(10)[labels] * 9, labels))
    front = first_page(faultless)
    text = " ".join([*front.sentences, *(worry.text for worry in front.worries)])
    assert not re.search(r"\d{6,}", text.replace(",", "")), text


def test_no_sentence_claims_what_no_run_can_show(evaluation: Evaluation) -> None:
    text = render_page(evaluation)
    for claim in ("declared beforehand", "chosen on training images", "machine give the same weights", "hardly reads"):
        assert claim not in text, claim
    assert "digits outside the test set" not in text  # the thresholds come from halves of it


def test_every_figure_has_its_interval(evaluation: Evaluation) -> None:
    from exmachina.report.sections.every_figure import figures_section

    (table,) = figures_section(evaluation).body
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", str(table))
    assert len(rows) > 30 and all(" to " in cells for _, cells in rows)
    assert {"accuracy", "mCE"} - {name for name, _ in rows} <= {"mCE"}  # no reference for synthetic digits


def test_light_and_grain_are_told_where_training_met_them(evaluation: Evaluation) -> None:
    run = replace(evaluation.subject.run, recipe=get_recipe("accurate").to_record())
    page = render_page(replace(evaluation, subject=replace(evaluation.subject, run=run)))
    met = re.search(r"It has met ([^.]*)\.", page)
    assert met and all(name in met[1] for name in ("brightness", "fog", "shot noise", "rotate"))
    assert "It has met" not in render_page(evaluation)


@pytest.mark.parametrize(
    ("splits", "names"),
    [
        ({"hands": 300}, {"dotted line", "zigzag"}),
        (
            {"background": {"images": 300, "epochs": 2.0, "worn": 40}},
            {"dotted line", "zigzag", "shot noise", "impulse noise", "spatter"},
        ),
    ],
)
def test_what_was_learned_beside_mnist_is_told_among_the_corruptions(
    evaluation: Evaluation, splits: dict[str, object], names: set[str]
) -> None:
    run = replace(evaluation.subject.run, splits={**evaluation.subject.run.splits, **splits})
    page = render_page(replace(evaluation, subject=replace(evaluation.subject, run=run)))
    met = re.search(r"It has met ([^.]*)\.", page)
    assert met and set(met[1].split(", ")) == names
    assert ("and 40 digits that are worn" in page) == ("background" in splits)


def test_what_was_learned_beside_a_background_is_told_and_repeated(evaluation: Evaluation) -> None:
    run = evaluation.subject.run
    taught = replace(run, splits={**run.splits, "background": {"images": 300, "epochs": 2.0}})
    page = render_page(replace(evaluation, subject=replace(evaluation.subject, run=taught)))
    assert "then 2.0 epochs more beside 300 images that are no digit" in page
    assert "digits that are worn" not in page
    assert "python scripts/teach_background.py runs/again" in page
    assert "teach_background" not in render_page(evaluation)


def test_mce_stands_beside_both_mean_errors_and_no_ratio_of_them_is_claimed(evaluation: Evaluation) -> None:
    robustness = evaluation.robustness
    assert isinstance(robustness, Robustness)
    other = {name: one.error.value / 2 + 0.01 for name, one in robustness.errors.items()}
    reference = Reference("the other", robustness.n, other)
    summary = summarise({name: one.error.value for name, one in robustness.errors.items()}, other, robustness.n)
    page = render_page(replace(evaluation, robustness=replace(robustness, reference=reference, summary=summary)))
    assert f"the other misreads {percent(reference.mean_error)} of the same images. mCE {summary.mce:.0f}" in page
    assert "times as often" not in page
