"""The way through the page in Chromium: the tour, guesses and exercises that are kept, and the page in German."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from page_browser import BEYOND, SEVEN, Visit, visiting

pytestmark = pytest.mark.browser

ENGLISH = re.compile(
    r"\b(the|of|and|with|is|are|you|your|what|which|from|that|this|not|step|right|choose|draw|digits?|images?|network"
    r"|layer|weights?|loss|learning|steps|seconds?|training images?|reads?|labelled|sure|open|close|row|column)\b",
    re.IGNORECASE,
)
# What a person sees or hears: text on the page, and names of controls and pictures; code and names of files aside.
TEXTS = """() => {
  const said = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent.closest("script, style, pre, code, [lang='en'], .compared")) continue;
    if (!parent.checkVisibility()) continue;
    said.push(node.textContent.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [aria-valuetext]"))
    for (const name of ["aria-label", "title", "aria-valuetext"])
      if (!element.closest("[lang='en']")) said.push(element.getAttribute(name) ?? "");
  return [...new Set(said)].filter(Boolean);
}"""


@pytest.fixture
def german(browser: Any, site: str) -> Iterator[Visit]:
    with visiting(browser, site, locale="de-CH") as visit:
        yield visit


def english(page: Any) -> list[str]:
    """English on the page, names of files aside."""
    return [text for text in page.evaluate(TEXTS) if ENGLISH.search(text) and not re.fullmatch(r"[\w/]+\.\w+", text)]


def guess(page: Any, name: str, value: str) -> None:
    page.locator(f"form.guess input[name={name}][value={value}]").check()


def next_stop(page: Any) -> str:
    """The stop that the line tells, once it tells one: it is filled after the press that began the way."""
    text: str = page.locator(".path-line .next strong", has_text=re.compile(r"\S")).inner_text()
    return text


def follow(page: Any, text: str) -> None:
    """Wait until the line tells this as the next stop, and go there."""
    page.locator(".path-line .next", has_text=text).wait_for()
    page.locator(".path-line a").click()


@pytest.mark.long
def test_tour_from_start_to_end(copy_visit: Visit) -> None:
    page = copy_visit.open()
    assert not page.locator(".path-line").is_visible()
    page.get_by_role("button", name="The five-minute tour").click()
    assert next_stop(page) == "Draw a digit and see how it is read"
    copy_visit.draw(SEVEN)

    follow(page, "Guess: the average of all sevens")
    averages = page.locator("#look-averages")
    assert averages.locator(".cover").is_visible() and not averages.locator("canvas").first.is_visible()
    guess(page, "average", "b")
    averages.locator("canvas").first.wait_for()

    follow(page, "Press “Train”")
    training = copy_visit.show("train/training")
    training.get_by_role("button", name="Train", exact=True).click()
    training.locator(".test-accuracy").wait_for(timeout=120_000)

    follow(page, "Drag the moment back")
    training.locator(".scrub input").press("Home")
    follow(page, "Choose a map")
    copy_visit.show("see/overview").get_by_role("button", name=re.compile(": open its sum$")).first.click()
    follow(page, "Guess: is 99.02")
    guess(page, "better", "a")
    follow(page, "Tell it what")
    copy_visit.show("use/picture").locator(".correct").get_by_role("button", name="7").click()

    follow(page, "That was the way.")
    page.wait_for_url(re.compile("#end$"))
    end = copy_visit.show("path/sum")
    end.get_by_text("The five-minute tour: 7 of 7 stops").wait_for()
    end.get_by_text("1 of 2 guessed right. The surprising ones:").wait_for()
    assert end.get_by_role("link", name="Is the first better?").is_visible()
    assert re.search(r"reads 9\d\.\d\d\s% of 10,000", end.inner_text())


def test_stop_can_be_skipped_and_the_way_ended(copy_visit: Visit) -> None:
    page = copy_visit.open()
    page.get_by_role("button", name="The whole lesson").click()
    first = next_stop(page)
    page.get_by_role("button", name="Skip", exact=True).click()
    page.locator(".path-line .next", has_text="Take a digit of MNIST").wait_for()
    assert next_stop(page) != first and "0 of 17" in page.locator(".path-line").inner_text()
    page.get_by_role("button", name="End this way").click()
    page.locator(".path-line").wait_for(state="hidden")


def test_reload_keeps_guesses_and_the_first_counts(copy_visit: Visit) -> None:
    page = copy_visit.open()
    form = page.locator("#question-counts")
    guess(page, "counts", "a")
    form.locator(".verdict", has_text="A fair guess").wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert form.locator(".answer").is_visible() and form.get_by_label("Yes, exactly").is_checked()
    assert form.get_by_label("Nearly").is_disabled()
    end = copy_visit.show("path/sum")
    assert "0 of 1 guessed right" in end.inner_text()
    end.get_by_role("button", name="Begin again").click()
    end.get_by_role("button", name="Forget your way").click()
    form.locator(".answer").wait_for(state="hidden")
    assert form.get_by_label("Nearly").is_enabled()


def test_arrow_keys_go_through_the_choices_before_one_is_made(copy_visit: Visit) -> None:
    page = copy_visit.open()
    form = page.locator("#question-counts")
    form.get_by_label("Yes, exactly").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert not form.locator(".answer").is_visible()
    page.keyboard.press("Enter")
    form.locator(".answer").wait_for()
    assert form.get_by_label("ten times as frequent").is_checked()


def test_exercise_is_solved_by_doing_it_and_stays_so(copy_visit: Visit) -> None:
    page = copy_visit.open()
    copy_visit.show("doubt/mistakes").locator("button.thumb").first.click()
    page.locator(".path-line", has_text="Solved: Sure and wrong").wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert "✓ Solved. Test image" in copy_visit.show("path/exercises").locator("#exercise-sure").inner_text()


def test_solution_can_be_sent_as_a_link(copy_visit: Visit) -> None:
    page = copy_visit.open()
    down, across = [(0.35, 0.15), (0.3, 0.55), (0.75, 0.55)], [(0.62, 0.55), (0.64, 0.2), (0.6, 0.9)]
    copy_visit.draw([*down, *across])  # one stroke, over its own line
    card = copy_visit.show("path/exercises").locator("#exercise-four")
    card.locator(".proof strong").wait_for()
    address = card.get_by_role("link", name="Link to this solution").get_attribute("href")
    page.evaluate("localStorage.clear()")
    page.clock.install()
    copy_visit.open(address)
    copy_visit.reads(4)
    page.clock.run_for(2000)  # the exercises are looked at when the pen has rested
    assert not card.locator(".proof").is_visible()  # it is the sender's solution


def test_german_page_is_german_throughout(german: Visit) -> None:
    page = german.open()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("button", name="Rundgang in fünf Minuten").click()
    german.walk()
    assert page.evaluate(BEYOND) == []
    for value in page.locator("form.guess input[value=b]").all():
        value.check()
    german.show("pad")
    german.draw(SEVEN)
    german.reads(7)
    page.locator(".bar", has_text="liest 7").wait_for()
    german.rests()
    assert english(page) == []
    assert re.search(r"\d,\d\s%", page.locator("#draw .bars").inner_text())
    training = german.show("train/training")
    training.get_by_label("Epochen", exact=True).fill("0.1")
    training.get_by_role("button", name="Trainieren", exact=True).click()
    page.locator(".test-accuracy").wait_for(timeout=120_000)
    assert english(page) == []


def test_language_is_chosen_in_the_bar_and_remembered(copy_visit: Visit) -> None:
    page = copy_visit.open()
    page.get_by_role("button", name="Deutsch").click()
    page.wait_for_selector("html[lang=de][data-ready]")
    assert page.locator("h1").inner_text().startswith("Zeichne eine Ziffer.")
    page.reload()
    page.wait_for_selector("html[lang=de][data-ready]")
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("html[lang=en][data-ready]")


def test_address_may_ask_for_a_language(copy_visit: Visit) -> None:
    page = copy_visit.open("?lang=de")
    assert page.title().startswith("Hello Ex Machina – sieh einem Netz zu")


def test_on_paper_the_page_asks_and_does_not_answer(copy_visit: Visit) -> None:
    page = copy_visit.open()
    guess(page, "counts", "a")
    page.locator("#question-counts .answer").wait_for()
    for name in ("see/overview", "see/sliding", "see/softmax", "path/exercises"):
        copy_visit.show(name)
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 4 <= len(sheets) <= 9
    page.emulate_media(media="print")
    kept = "[...document.querySelectorAll('[data-panel]')].map((one) => getComputedStyle(one).minHeight)"
    assert set(page.evaluate(kept)) <= {"0px", "auto"}
    assert page.locator("form.guess").count() >= 9
    for form in page.locator("form.guess").all():
        assert form.is_visible() and not form.locator(".answer").is_visible()
    assert not page.locator(".bar").is_visible()
