"""What the docs site takes from elsewhere: the notebook, the commands' help, the pages of the root, the lesson.

MkDocs runs these as hooks (`hooks:` in mkdocs.yml), so that `mkdocs build` is the whole build.
"""

from __future__ import annotations

import base64
import inspect
import json
import re
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from exmachina.cli.app import app
from exmachina.lesson.site import export_site

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "hello_ex_machina.ipynb"
RUNS = {name: name for name in ("fast", "classic", "accurate")}
GALLERY = """
What `exmachina hello` leaves beside its run, here of the shipped network `fast`. The same in Python, of any run:

```python
from exmachina import Run, load_mnist
from exmachina.figures import hello_figures

train, test = load_mnist()
figures = hello_figures(Run.load("fast"), train, test)
figures["convolution"]  # in a notebook: the picture
```

[`exmachina.figures`](reference/python.md) has each of them as a function of its own, and more: maps of every layer,
attributions, preferred images. `exmachina inspect` writes all of them for one digit.
"""
ROOT_PAGES = {"CONTRIBUTING.md": "contributing", "SECURITY.md": "security", "CHANGELOG.md": "changelog"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and the pictures that they show."""
    pages: dict[str, str | bytes] = notebook_page(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    pages["reference/options.md"] = options_page()
    pages |= gallery_page()
    for name, page in ROOT_PAGES.items():
        pages[f"project/{page}.md"] = from_the_root((ROOT / name).read_text(encoding="utf-8"))
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the examples in where a page has nothing of them but a line with their name: # examples/NAME.py."""
    return re.sub(
        r"^# (examples/\w+\.py)$", lambda result: (ROOT / result[1]).read_text("utf-8").rstrip(), markdown, flags=re.M
    )


def on_post_build(config: MkDocsConfig) -> None:
    """Put the lesson beside the pages, as any web host would serve it."""
    export_site(Path(config.site_dir) / "lesson", RUNS)


def notebook_page(notebook: dict[str, Any]) -> dict[str, str | bytes]:
    """The notebook as a page with its outputs, and its pictures as files."""
    parts, pictures = [], {}
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        if cell["cell_type"] != "code" or not source:
            continue
        parts.append(f"```python\n{source}\n```")
        for place, output in enumerate(cell["outputs"]):
            data = output.get("data", {})
            text = "".join(output.get("text", data.get("text/plain", "")))
            if "image/png" in data:
                name = f"notebook-{number}-{place}.png"
                pictures[f"tutorial/{name}"] = base64.b64decode("".join(data["image/png"]))
                parts.append(f"![{caption(text, source)}]({name})")
            elif "image/svg+xml" in data or "text/html" in data:
                parts.append("".join(data.get("image/svg+xml", data.get("text/html"))))
            elif text.strip():
                parts.append(f"```text\n{plain(text)}\n```")
    return {"tutorial/notebook.md": "\n\n".join(parts) + "\n", **pictures}


def gallery_page() -> dict[str, str | bytes]:
    """Every figure of the introduction, drawn from the shipped network as the docs are built."""
    from exmachina import Run, load_mnist
    from exmachina.figures import hello_figures
    from exmachina.figures.drawing.style import render

    parts = ["# Gallery", GALLERY.strip()]
    files: dict[str, str | bytes] = {}
    train, test = load_mnist()
    for name, figure in hello_figures(Run.load("fast"), train, test).items():
        files[f"gallery-{name}.png"] = render(figure, "png", dpi=150)
        words = {"relu": "ReLU"}.get(name, name.replace("-", " "))
        parts += [f"## {words[0].upper()}{words[1:]}", f"![The figure {words} of the network fast](gallery-{name}.png)"]
    return {"gallery.md": "\n\n".join(parts) + "\n", **files}


def caption(text: str, source: str) -> str:
    """What a picture shows, for those who cannot see it: the call that drew it."""
    return text if text and not text.startswith("<") else f"Figure drawn by {source.splitlines()[-1]}"


def plain(text: str) -> str:
    """Text as a terminal would leave it: no colours, and of a line written over only the last."""
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).rstrip().split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)


def options_page() -> str:
    """Every command's help, from the commands themselves."""
    parts = ["# Every option", "What `exmachina COMMAND --help` says, made from the same source.\n"]
    for name, command in sorted(typer.main.get_command(app).commands.items()):  # type: ignore[attr-defined]
        parts += [f"## {name}", f"{inspect.cleandoc(command.help or '')}\n"]
        context = typer.Context(command, info_name=f"exmachina {name}")
        parts.append(f"```text\n{command.get_usage(context)}\n```\n")
        rows = [record for parameter in command.params if (record := described(parameter))]
        parts += ["| option | what it says |", "|---|---|", *(f"| `{left}` | {right} |" for left, right in rows), ""]
    return "\n".join(parts)


def described(parameter: Any) -> tuple[str, str] | None:
    """A parameter's names and its help, with its default where it has one worth telling."""
    if parameter.name == "help" or getattr(parameter, "hidden", False):
        return None
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = parameter.metavar or parameter.name.upper()
    text = (getattr(parameter, "help", None) or "").replace("|", "\\|")
    default = parameter.default
    shown = default not in (None, False, [], ()) and not callable(default)
    return names, f"{text} Default: `{default}`." if shown else text


def from_the_root(text: str) -> str:
    """A page of the repository's root, its links as seen from project/."""
    text = re.sub(r"\]\(docs/", "](../", text)
    return re.sub(r"\]\((CONTRIBUTING|SECURITY|CHANGELOG)\.md", lambda result: f"]({result[1].lower()}.md", text)
