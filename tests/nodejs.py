"""The page's modules run by node, where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from needed import needed

WEB = Path(__file__).parents[1] / "src" / "exmachina" / "lesson" / "web"
NODE = shutil.which("node")
NO_NODE = "NO NODE: the page's arithmetic is NOT compared with the library's. Install node to test it."


def node(folder: Path, script: str, data: Any) -> Any:
    """What `script` makes of `data`: a module body that maps the constant `data` to `answer`."""
    needed(NODE, NO_NODE)
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    module = f"""import {{ readFileSync }} from "node:fs";
const web = {json.dumps(WEB.as_uri())};
const data = JSON.parse(readFileSync({json.dumps(str(folder / "data.json"))}));
{script}
console.log(JSON.stringify(answer));"""
    (folder / "script.mjs").write_text(module, encoding="utf-8")
    assert NODE is not None
    result = subprocess.run([NODE, str(folder / "script.mjs")], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
