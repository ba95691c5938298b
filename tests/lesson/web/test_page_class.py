"""A class: learners share drawings from their browsers, the teacher's page shows, judges, learns and exports them."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from exmachina.classifier import Classifier
from exmachina.data import load_idx_folder, load_image_folder, load_mnist_split
from exmachina.evaluation.statistics.intervals import wilson
from exmachina.lesson.server import Settings
from exmachina.runs import Run
from lesson_server import serving
from page_browser import AXE, PATIENCE, SEVEN, Visit, begin, finish, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CODE, TEACHER = "code-of-the-class", "code-of-the-teacher"
ONE = [(0.5, 0.2), (0.5, 0.8)]
OTHER_SEVEN = [(0.25, 0.2), (0.75, 0.25), (0.4, 0.85)]  # the same seven elsewhere is the same picture once centred


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A lesson for a class, with its own page."""

    address = f"http://192.168.1.5:8000/?token={CODE}"
    folder = tmp_path_factory.mktemp("school")
    with serving(Settings(data_folder=folder, token=CODE, teacher=TEACHER, address=address)) as lesson:
        yield lesson


def enter(visit: Visit, token: str) -> None:
    visit.page.goto(f"{visit.address}?token={token}")
    visit.page.wait_for_selector("html[data-ready]")


def keep(visit: Visit, strokes: list[tuple[float, float]], label: int, count: int) -> None:
    """Draw, and say what it should have been."""
    visit.page.locator("#draw").scroll_into_view_if_needed()
    visit.draw(strokes)
    visit.show("picture").locator(".correct button").nth(label).click()
    visit.show("collection").get_by_text("digit of yours" if count == 1 else f"{count} digits of yours").wait_for()
    visit.page.locator("#draw").scroll_into_view_if_needed()
    visit.page.locator("#draw").get_by_role("button", name="Clear").click()


def drawings(school: Any) -> list[Any]:
    result: list[Any] = school.app.state.services.collection.list(None)
    return result


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def numbers(text: str) -> list[float]:
    """The numbers in a text of the page, whatever stands between them."""
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))]


def shares_of(table: Any, of: str) -> list[list[float]]:
    """Share, low and high in percent, and n, of the rows that are about `of`."""
    rows = [row.inner_text().split("\t") for row in table.locator("tbody tr").all()]
    return [numbers(" ".join(row[3:])) for row in rows if row[1] == of]


@pytest.mark.long
def test_class_shares_and_the_teacher_sees_judges_trains_and_exports(browser: Any, school: Any, tmp_path: Path) -> None:
    address = school.address + "/"
    with ExitStack() as stack:
        ada, ben, teacher = (stack.enter_context(visiting(browser, address)) for _ in range(3))
        enter(ada, CODE)
        enter(ben, CODE)
        # What is kept before anybody agreed stays in the browser.
        keep(ada, SEVEN, 7, 1)
        assert drawings(school) == []
        ada.show("collection").get_by_role("checkbox").check()
        wait_until(lambda: len(drawings(school)) == 1)
        keep(ada, OTHER_SEVEN, 7, 2)
        assert not ada.show("collection").get_by_role("link", name="The class's wall").is_visible()

        wall = teacher.page
        wall.goto(f"{address}class?token={TEACHER}")
        wall.wait_for_selector("html[data-ready]")
        assert wall.locator(".address").all_inner_texts() == ["192.168.1.5:8000", CODE]
        assert wall.locator(".qr").is_visible()
        wall.get_by_text("2 digits from one browser").wait_for()
        ben.show("collection").get_by_role("checkbox").check()
        keep(ben, ONE, 1, 1)
        keep(ben, ONE, 2, 2)  # a slip, or a joke
        wall.get_by_text("4 digits from 2 browsers").wait_for()
        assert wall.locator(".wall .kept > span").all_inner_texts() == ["2", "1", "7", "7"]

        # What the page says of the class is what the library says of the same drawings.
        table = wall.locator("#readers table")
        table.locator(".number", has_text="%").nth(5).wait_for(timeout=4 * PATIENCE)
        # A drawing that came last is read last.
        wait_until(lambda: all(row[-1] == 4 for row in shares_of(table, "this class")))
        kept = drawings(school)
        for name, row in zip(("fast", "accurate", "classic"), shares_of(table, "this class"), strict=True):
            right = sum(Classifier.load(name).predict(one.image, prepared=True).digit == one.label for one in kept)
            expected = wilson(right, 4)
            shown = [100 * right / 4, 100 * expected.low, 100 * expected.high, 4]
            assert row == pytest.approx(shown, abs=0.051)
        assert wall.locator("#misread figcaption").first.inner_text().startswith("2 → 1")

        # The joke comes down, on the wall and on the server, and its learner keeps it.
        wall.get_by_role("button", name="Take this 2 down").click()
        wall.get_by_text("3 digits from 2 browsers").wait_for()
        assert [one.label for one in drawings(school)] == [7, 7, 1]
        ben.show("collection").get_by_text("2 digits of yours").wait_for()

        go = wall.get_by_role("button", name="Learn them")
        assert "learns 2 of the drawings" in wall.locator("#tuning .lead").inner_text()
        go.click()
        wall.locator("#tuning .fact").wait_for(timeout=4 * PATIENCE)
        tuned = wall.locator("#tuning table")
        assert [row[-1] for row in shares_of(tuned, "the class, held out")] == [1, 1]
        before, after = (row[0] for row in shares_of(tuned, "MNIST's test digits"))
        assert before == round(100 * (Run.load("fast").test_accuracy or 0), 2) and abs(after - before) < 2

        for text, read in (("IDX", lambda folder: load_idx_folder(folder)[0]), ("PNG", load_image_folder)):
            with wall.expect_download() as download:
                wall.get_by_role("link", name=re.compile(text)).click()
            with zipfile.ZipFile(download.value.path()) as archive:
                archive.extractall(tmp_path / text)
            assert sorted(read(tmp_path / text / "digits").labels.tolist()) == [1, 7, 7]

        # Whom the teacher shuts out gets no answer until they are let in again; the teacher does.
        who_asks = wall.locator("#visitors")
        for output, status in (("Shut out browser 2", 403), ("Let in again: browser 2", 200)):
            who_asks.get_by_role("button", name=output).click()
            who_asks.get_by_role("button", name=output).wait_for(state="detached")
            assert ben.page.evaluate("fetch('api/v1/runs').then(({ status }) => status)") == status
            assert ada.page.evaluate("fetch('api/v1/runs').then(({ status }) => status)") == 200
        ben.complaints = [one for one in ben.complaints if "403" not in one]

        # Who no longer shares is gone from the wall.
        ada.show("collection").get_by_role("checkbox").uncheck()
        wall.get_by_text("One digit from one browser").wait_for()
        # And so is what its learner deletes.
        ben.show("collection").get_by_role("button", name="Delete this 1").click()
        wall.get_by_text("Nobody has sent a digit yet").wait_for()


def test_teacher_finds_the_class_from_the_lesson_and_axe_finds_nothing_on_it(browser: Any, school: Any) -> None:
    with visiting(browser, school.address + "/", bypass_csp=True) as visit:
        enter(visit, TEACHER)
        visit.show("collection").get_by_role("link", name="The class's wall").click()
        visit.page.wait_for_selector("html[data-ready] .address")
        school.app.state.services.collection.add("eve", 3, [], load_mnist_split("test").images[0])
        visit.page.locator(".wall .kept").first.wait_for()
        if AXE.is_file():
            visit.page.locator("#misread figure").first.wait_for(timeout=4 * PATIENCE)
            visit.page.add_script_tag(path=str(AXE))
            result = visit.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [violation["id"] for violation in result["violations"]] == []


def test_privacy_is_said_as_it_is_on_this_host(copy_visit: Visit, lesson_visit: Visit) -> None:
    for visit, output, shared in ((copy_visit, "sends nothing to anybody", 0), (lesson_visit, "without your name", 1)):
        visit.open()
        assert output in visit.show("privacy").inner_text()
        assert visit.show("collection").get_by_role("checkbox").count() == shared


def test_own_network_is_one_zip_that_the_library_opens_by_the_lines_on_the_page(
    copy_visit: Visit, tmp_path: Path
) -> None:
    copy_visit.open()
    panel = begin(copy_visit, Epochs="0.2", Seed="3")
    finish(panel)
    (shown,) = numbers(panel.locator(".test-accuracy").inner_text())
    takeaway = copy_visit.show("takeaway")
    with copy_visit.page.expect_download() as download:
        takeaway.get_by_role("button", name=re.compile(r"\.zip$")).click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    folder = next(tmp_path.iterdir())
    assert download.value.suggested_filename == f"{folder.name}.zip" == "fast-epochs-0-2-seed-3.zip"
    answer = lines_answer(takeaway.locator("pre").inner_text(), tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("7 ")
    run, test = Run.load(folder), load_mnist_split("test")
    assert (run.seed, run.recipe["name"], run.splits["train"], run.device) == (3, "fast", 20_000, "browser")
    assert run.recipe["epochs"] == pytest.approx(0.6) and run.history[-1]["epoch"] == 1
    honest = Classifier.load(folder).accuracy(test.images, test.labels)
    assert run.test_accuracy == pytest.approx(honest, abs=3e-4) and shown == round(100 * (run.test_accuracy or 0), 2)
    run.save(folder)
    assert (folder / "model.onnx").exists() and Run.load(folder).test_accuracy == run.test_accuracy
    assert not takeaway.get_by_role("button", name="Save it on this computer").is_visible()


def lines_answer(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What Python makes of the page's lines, beside a picture of a seven."""
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line([(50, 40), (150, 40), (100, 160)], fill=0, width=14, joint="curve")
    picture.save(folder / "seven.png")
    return subprocess.run([sys.executable, "-c", lines], cwd=folder, capture_output=True, text=True, check=False)
