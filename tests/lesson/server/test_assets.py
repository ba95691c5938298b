"""The page's files and nothing else."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from exmachina.lesson import WEB
from exmachina.lesson.server import Settings
from exmachina.lesson.site import TYPES
from lesson_server import PATIENCE, Lesson, serving

ATTACKS = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%252fsecret.txt",
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/js/../../secret.txt",
    "/js/%2e%2e/%2e%2e/secret.txt",
    "//secret.txt",
    "/./style.css",
    "/style.css%00.png",
    "/%00",
    "/js/..",
    "/js",
    "/js/",
    "/link.txt",
    "/folder/secret.txt",
    "/.secret.json",
    "/code.py",
    "/%c0%ae%c0%ae/secret.txt",
    "/\u2025/secret.txt",
    "/" + "a" * 5000,
    "/etc/passwd",
    "/file:///etc/passwd",
    "/STYLE.CSS",
]


def raw_get(lesson: Lesson, target: str) -> bytes:
    """The answer to a path sent as it is; a client library would tidy it up first."""
    with socket.create_connection(("127.0.0.1", lesson.port), timeout=PATIENCE) as raw:
        raw.sendall(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := raw.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize("target", ATTACKS)
def test_nothing_outside_the_folder_is_served(lesson: Lesson, target: str) -> None:
    answer = raw_get(lesson, target)
    assert re.match(rb"HTTP/1.1 4\d\d ", answer), answer[:100]
    assert b"secret\n" not in answer and not answer.endswith(b"secret") and b"root:" not in answer


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/index.html", "text/html"), ("/js/main.js", "text/javascript"), ("/style.css", "text/css")],
)
def test_files_have_their_types(client: httpx.Client, path: str, kind: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"].split(";")[0] == kind
    assert client.head(path).headers["content-length"] == str(len(answer.content))


def test_unchanged_file_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get("/style.css").headers["etag"]
    again = client.get("/style.css", headers={"If-None-Match": tag})
    assert again.status_code == 304 and not again.content and again.headers["etag"] == tag


def test_changed_file_has_another_tag(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    with serving(replace(settings, web_folder=tmp_path, data_folder=tmp_path)) as lesson:
        client = lesson.learner()
        first = client.get("/a.css").headers["etag"]
        (tmp_path / "a.css").write_text("a { color: red }")
        second = client.get("/a.css", headers={"If-None-Match": first})
    assert second.headers["etag"] != first and "red" in second.text


def test_page_can_ask_whether_it_has_a_server(client: httpx.Client) -> None:
    assert client.get("/site.json").json()["server"] is True


def test_every_file_of_the_page_has_a_type() -> None:
    files = [path for path in WEB.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert {path.suffix for path in files} <= TYPES.keys()


def test_description_lists_every_route(client: httpx.Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    paths = set(description["paths"])
    for path in ("predict", "collection", "runs", "health"):
        assert f"/api/v1/{path}" in paths
    body = description["paths"]["/api/v1/predict"]["post"]["requestBody"]["content"]
    assert set(body) == {"image/png", "image/jpeg", "application/json"}
    assert all(route.get("summary") for methods in description["paths"].values() for route in methods.values())


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/nowhere"), ("GET", "/api/"), ("POST", "/api/v1/health"), ("PUT", "/")]
)
def test_wrong_addresses_get_one_line(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path, headers={"Content-Type": "application/json"})
    assert answer.status_code in (404, 405) and list(answer.json()) == ["error"] and "\n" not in answer.json()["error"]
