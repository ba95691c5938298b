"""Who may speak to the server."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from exmachina.errors import InputError
from exmachina.lesson.server import Settings
from exmachina.lesson.server.guards.doors import Doors
from exmachina.lesson.server.settings import is_loopback
from lesson_server import Lesson, serving

TOKEN = "correct-horse-battery"


async def nothing(*_: Any) -> None:
    raise AssertionError("not called")


def test_default_address_is_the_loopback() -> None:
    assert Settings().host == "127.0.0.1" and is_loopback(Settings().host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "school.example"])
def test_other_addresses_need_a_token(host: str) -> None:
    with pytest.raises(InputError, match="give a token"):
        Settings(host=host)
    assert Settings(host=host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize(
    "token", ["short", "klasse 7b raum 12", "schlüssel-der-7b", "a" * 200, "", "with;semicolon", "x\ny" * 5]
)
def test_token_that_not_every_browser_can_show_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="12 to 128 letters"):
        Settings(token=token)
    with pytest.raises(InputError, match="12 to 128 letters"):
        Settings(token=TOKEN, teacher=token)


@pytest.mark.parametrize("token", ["123456789012", "abcdefghijkl", "aaaaaaaaaaaa", "ababababababab", "111111222222"])
def test_token_that_is_easy_to_guess_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="easy to guess"):
        Settings(token=token)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.5",
        "a@localhost",
        "",
        "[::1",
        "localhost:99999999",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/style.css", "/nowhere"])
def test_foreign_host_is_refused_before_routing(client: httpx.Client, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code in (400, 403)
    if answer.status_code == 403:
        assert "not one of this server's names" in answer.json()["error"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "127.0.0.1:80", "[::1]:8000", "localhost."]
)
def test_own_names_are_accepted_on_any_port(client: httpx.Client, host: str) -> None:
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


def test_request_without_host_is_refused(lesson: Lesson) -> None:
    with socket.create_connection(("127.0.0.1", lesson.port), timeout=30) as raw:
        raw.sendall(b"GET /api/v1/health HTTP/1.0\r\n\r\n")
        assert b" 403 " in raw.recv(1000).split(b"\r\n")[0]


def test_server_for_others_accepts_numbers_and_its_own_names_alone() -> None:
    guard = Doors(nothing, "0.0.0.0", ["lesson.school"])
    assert guard.is_named("192.168.1.5:8000") and guard.is_named("[fe80::1]:8000") and guard.is_named("lesson.school")
    assert guard.is_named(socket.gethostname())
    # Only a name can be rebound to another address.
    assert not guard.is_named("evil.example") and not guard.is_named("school") and not guard.is_named(None)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:1", "file://", "chrome-extension://x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_foreign_origin_is_refused(client: httpx.Client, origin: str, method: str) -> None:
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}
    answer = client.request(method, "/api/v1/collection", headers={"Origin": origin}, **body)
    assert answer.status_code == 403 and "another site" in answer.json()["error"]


def test_own_origin_is_accepted(client: httpx.Client, lesson: Lesson) -> None:
    headers = {"Origin": lesson.address, "Sec-Fetch-Site": "same-origin"}
    assert client.delete("/api/v1/collection", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_link_to_the_page_and_use_nothing_else(client: httpx.Client, site: str) -> None:
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    for path in ("/api/v1/collection", "/api/v1/runs", "/style.css"):
        assert client.get(path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}).status_code == 403


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "image/svg+xml",
        None,
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/collection", "/api/v1/predict"])
def test_change_needs_a_content_type_that_no_form_sends(client: httpx.Client, kind: str | None, path: str) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post(path, content=b'{"label": 1}', headers=headers)
    assert answer.status_code == 415 and "application/json" in answer.json()["error"]


def test_image_is_welcome_only_where_images_are_read(client: httpx.Client) -> None:
    assert client.post("/api/v1/collection", content=b"x", headers={"Content-Type": "image/png"}).status_code == 415


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/health", "/style.css", "/nowhere", "/api/v1/openapi.json", "/api/v1/nowhere"]
)
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    for host in (None, "evil.example"):
        headers = client.get(path, headers={"Host": host} if host else {}).headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy
            and "frame-ancestors 'none'" in policy
            and "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")
        )
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_learner_is_a_random_cookie_that_scripts_cannot_read(lesson: Lesson) -> None:
    answers = [httpx.get(lesson.address, trust_env=False) for _ in range(2)]
    cookies = [answer.headers["set-cookie"] for answer in answers]
    assert all("HttpOnly" in value and "SameSite=Strict" in value for value in cookies)
    assert cookies[0] != cookies[1]


def test_learner_is_known_again(client: httpx.Client) -> None:
    assert "set-cookie" not in client.get("/").headers
    assert "set-cookie" not in client.get("/api/v1/runs").headers


def test_link_from_another_site_does_not_replace_the_learner(lesson: Lesson) -> None:
    # The browser holds strict cookies back on such a visit; a new one would orphan the collection.
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert "set-cookie" not in httpx.get(lesson.address, headers=link, trust_env=False).headers


def test_forged_learner_is_a_new_learner(lesson: Lesson) -> None:
    forged = {"Cookie": "exmachina_learner=../../etc/passwd"}
    assert "set-cookie" in httpx.get(lesson.address, headers=forged, trust_env=False).headers


def test_token_is_asked_of_everybody(settings: Settings, tmp_path: Path) -> None:
    with serving(replace(settings, token=TOKEN, data_folder=tmp_path)) as lesson:
        client = httpx.Client(base_url=lesson.address, trust_env=False)
        assert client.get("/api/v1/health").status_code == 401
        asked = client.get("/")
        assert asked.status_code == 401 and "<form" in asked.text and "Type the code" in asked.text
        german = client.get("/", headers={"Accept-Language": "fr-CH, de;q=0.9, en;q=0.8"}).text
        assert 'lang="de"' in german and "Gib den Code ein" in german
        assert client.get("/style.css").status_code == 401
        assert client.get("/?token=wrong-wrong").status_code == 401
        assert client.get("/api/v1/health?token=" + TOKEN).status_code == 401  # the address bar is for the page alone
        assert client.get("/api/v1/health", headers={"Authorization": "Bearer " + TOKEN}).status_code == 200
        welcome = client.get("/?token=" + TOKEN)
        # Not a redirect, after which a visit from another site would lose its strict cookies.
        assert welcome.status_code == 200 and 'url=/"' in welcome.text and "HttpOnly" in welcome.headers["set-cookie"]
        assert TOKEN not in welcome.text
        assert client.get("/api/v1/health").status_code == 200 and "<title>page" in client.get("/").text
        client.close()
