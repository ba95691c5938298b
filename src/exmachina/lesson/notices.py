"""The few lines that the server itself tells a person, in the language that their browser asks for."""

from __future__ import annotations

PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Hello Ex Machina</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">{head}
<body><main><h1>Hello Ex Machina</h1><p>{line}</p>{form}</main>"""
ASK = """
<form action="{path}" method="get"><label>{code} <input name="token" autocomplete="off" autofocus></label>
<button>{enter}</button></form>"""
LEARNERS_CODE = "This lesson belongs to a class. Type the code that your teacher shows."
TEACHERS_CODE = "This page is the teacher's. Type the teacher's code, which the server's window shows."
WRONG_CODES = "Too many wrong codes came from your address; wait."
STOPPED = "The teacher has stopped you here; ask them."
WELCOME = "Welcome."
GERMAN = {
    LEARNERS_CODE: "Diese Lektion gehört einer Klasse. Gib den Code ein, den deine Lehrkraft zeigt.",
    TEACHERS_CODE: "Diese Seite gehört der Lehrkraft. Gib ihren Code ein; er steht im Fenster des Servers.",
    WRONG_CODES: "Von deiner Adresse kamen zu viele falsche Codes; warte etwas.",
    STOPPED: "Die Lehrkraft hat dich hier ausgesperrt; frag sie.",
    WELCOME: "Willkommen.",
    "Code": "Code",
    "Enter": "Öffnen",
}


def page(line: str, languages: str | None, *, asks: str | None = None, head: str = "") -> str:
    """A page of one line, and of a form that shows a code at the path `asks`; `languages`: Accept-Language."""
    german = speaks_german(languages or "")

    def say(text: str) -> str:
        return GERMAN.get(text, text) if german else text

    form = ASK.format(path=asks, code=say("Code"), enter=say("Enter")) if asks else ""
    return PAGE.format(language="de" if german else "en", head=head, line=say(line), form=form)


def speaks_german(languages: str) -> bool:
    """Whether German comes before English among the languages that a browser asks for, which it names in order."""
    tags = [tag.strip()[:2] for tag in languages.lower().split(",")]
    return next((tag for tag in tags if tag in ("de", "en")), "en") == "de"
