"""What assistive technology finds on the page, by axe-core, when it is at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from page_browser import SEVEN, visiting

pytestmark = pytest.mark.browser

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))


@pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not installed (npm install axe-core, or AXE_CORE=…/axe.min.js)"
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Any, site: str, width: int, scheme: str) -> None:
    with visiting(
        browser, site, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as visit:
        page = visit.open()
        visit.draw(SEVEN)
        for name in page.eval_on_selector_all("[data-panel]", "roots => roots.map(root => root.dataset.panel)"):
            visit.show(name)
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        problems = [
            f"{violation['id']}: {node['html'][:200]} · {node['failureSummary'][:300]}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]
        assert problems == []
