"""Pictures that cannot be read, and a network that is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import strips
from exmachina import read
from page_browser import PATIENCE, SEVEN, Visit, until

pytestmark = pytest.mark.browser


def test_picture_is_shown_beside_what_the_network_gets_and_no_old_answer_stays(
    copy_visit: Visit, tmp_path: Path
) -> None:
    page = copy_visit.open()
    copy_visit.draw(SEVEN)
    panel = copy_visit.show("use/picture")
    file = panel.locator("input[type=file]")
    Image.new("RGB", (300, 200), (250, 250, 250)).save(tmp_path / "empty.png")
    file.set_input_files(str(tmp_path / "empty.png"))
    panel.get_by_text("There is no digit to be seen").wait_for()
    panel.locator(".verdict", has_text="Nothing is drawn yet").wait_for()
    assert panel.locator(".photo canvas").evaluate("canvas => [canvas.width, canvas.height]") == [300, 200]
    copy_visit.page.locator("#draw").scroll_into_view_if_needed()
    copy_visit.draw(SEVEN)
    panel = copy_visit.show("use/picture")
    until(page, "() => document.querySelector('.photo').hidden")
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    file.set_input_files(str(tmp_path / "IMG_0001.HEIC"))
    panel.get_by_text("take a screenshot of it").wait_for()
    panel.locator(".verdict", has_text="Nothing is drawn yet").wait_for()


def test_whole_page_is_read_box_by_box_and_a_click_corrects_one(lesson_visit: Visit, tmp_path: Path) -> None:
    page = lesson_visit.open()
    picture, _ = strips.make_page(strips.mnist_hand(), 6, 2, seed=4)
    Image.fromarray(picture).save(tmp_path / "page.png")
    expected = read(tmp_path / "page.png")
    panel = lesson_visit.show("use/page")
    panel.locator("input[type=file]").set_input_files(str(tmp_path / "page.png"))
    panel.get_by_text(f"{len(expected.fields)} numbers").wait_for(timeout=PATIENCE)
    assert panel.locator("table tr").count() == len(expected.table())
    box = panel.locator(".page-box").first
    box.click()
    panel.get_by_role("group", name="Which digit it is").get_by_text("7", exact=True).click()
    panel.get_by_text("Kept as a 7").wait_for()
    assert panel.locator("table td").first.inner_text() == f"7{expected.fields[0].text[1:]}"
    assert box.get_attribute("data-digit") == "7" and box.get_attribute("aria-pressed") == "true"
    lesson_visit.show("use/collection").locator(".kept").first.wait_for()
    assert page.locator("[data-panel$='use/page'] .page-box").count() == sum(len(f.glyphs) for f in expected.fields)


def test_plain_files_say_what_a_whole_page_takes(copy_visit: Visit) -> None:
    copy_visit.open()
    assert "exmachina lesson" in copy_visit.show("use/page").inner_text()
