"""The text of the generated sample's articles: the vocabulary's templates, filled in."""

# ruff: noqa: RUF001 -- curly quotation marks are what the real archive's headlines hold

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any, Final, TypeVar

import numpy as np

from extract.sample.vocabulary import (
    ABSTRACTS,
    BARE,
    BARE_ABSTRACTS,
    CIVIC,
    CIVIC_THEMES,
    GENERAL,
    GENERIC,
    LEADS,
    NAME_ABSTRACTS,
    NOTICES,
    ORGANIZATIONS,
    PERSONS,
    PLACES,
    PLANTED,
    SLOTS,
    SUBJECTS,
    THEMED,
    WORKS,
)

_T = TypeVar("_T")

_LETTERS = {"subject": "S", "person": "P", "organization": "O", "place": "G", "work": "W"}
_SMALL_WORDS = frozenset(
    ["a", "an", "and", "as", "at", "but", "by", "for", "in", "of", "on", "or", "the", "to"]
)
_AGREEMENT = {
    "z": ("s", ""),
    "es": ("es", ""),
    "ies": ("ies", "y"),
    "is": ("Is", "Are"),
    "has": ("Has", "Have"),
    "them": ("It", "Them"),
}
"""Slot to its text for a singular and for a plural subject."""


class Dice:
    """Uniform draws one at a time. They are drawn in blocks, since a call of `Generator.random`
    for each is slow."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._draws: Iterator[float] = iter(())

    def unit(self) -> float:
        """A draw from [0, 1)."""
        draw = next(self._draws, None)
        if draw is None:
            self._draws = iter(self._rng.random(8192).tolist())
            draw = next(self._draws)
        return draw

    def pick(self, options: Sequence[_T]) -> _T:
        """One of the options, all equally likely."""
        return options[int(self.unit() * len(options))]


@dataclass(frozen=True)
class Form:
    """How sentences name a topic."""

    prose: str
    title: str  # in headline capitals
    plural: bool


@dataclass(frozen=True)
class Topic:
    """A topic; from `shape` on, the curve of a planted one (see PLANTED) or the default."""

    kind: str
    label: str
    theme: str  # "" for a place
    forms: tuple[Form, ...]
    shape: str = "background"
    share_start: float = 0.0
    share_end: float = 0.0
    where: float = 0.0
    noise: float = 0.5  # standard deviation on the log-odds, from day to day
    memory: float = 0.0  # d of fractional Gaussian noise; 0: the noise is an AR(1) process
    settled: float = 0.0  # share that `step_drift` ends at, or `event` decays to
    half_life: float = 0.0  # of `event`, as a part of the window


@dataclass(frozen=True)
class Story:
    """The text of an article."""

    headline: str
    print_headline: str
    abstract: str
    lead_paragraph: str
    material: str


@dataclass(frozen=True)
class _Template:
    pattern: str  # with "{}" for each slot
    slots: tuple[str, ...]
    needs: frozenset[str]  # letters of topic kinds


def planted_topics() -> list[Topic]:
    """The topics of PLANTED, in its order."""
    return [_topic(kind, theme, entry, *curve) for kind, theme, entry, *curve in PLANTED]


def background_topics(kind: str) -> list[Topic]:
    """Flat topics of a kind, the most frequent first; every tenth has no noise at all."""
    tables = {
        "subject": SUBJECTS,
        "person": PERSONS,
        "organization": ORGANIZATIONS,
        "place": {"": PLACES},
        "work": {"arts": WORKS},
    }[kind]
    split = {theme: _entries(table) for theme, table in tables.items()}
    # Themes take turns, so that each has frequent and rare topics.
    ranked = sorted(
        (rank, place, theme, entry)
        for place, (theme, entries) in enumerate(split.items())
        for rank, entry in enumerate(entries)
    )
    return [
        _topic(kind, theme, entry, noise=0.0 if i % 10 == 4 else 0.5)
        for i, (_, _, theme, entry) in enumerate(ranked)
    ]


def _topic(kind: str, theme: str, entry: str, *curve: Any, **options: Any) -> Topic:
    label, _, given = entry.partition("=")
    plain = label.split(" (")[0]
    if kind == "subject":
        texts = (given or plain.lower() + "+" * plain.endswith("s")).split("/")
        forms = tuple(
            Form(text.rstrip("+"), _title_case(text.rstrip("+")), text.endswith("+"))
            for text in texts
        )
        return Topic(kind, label, theme, forms, *curve, **options)
    name = given or plain
    if kind == "person":
        last, first = plain.split(", ")
        name = f"{first}. {last}" if re.search(r" [A-Z]$", first) else f"{first} {last}"
    elif kind == "work":
        name = f"‘{name}’"
    return Topic(kind, label, theme, (Form(name, name, False),), *curve, **options)


def _entries(table: str, separator: str = ";") -> list[str]:
    return [" ".join(entry.split()) for entry in table.split(separator)]


def _title_case(text: str) -> str:
    """Headline capitals: "sheet-pan salmon for two" becomes "Sheet-Pan Salmon for Two"."""
    return " ".join(
        word
        if word in _SMALL_WORDS
        else "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
        for word in text.split()
    )


def _capital(text: str) -> str:
    """Upper case for the first letter, also behind an opening quotation mark."""
    at = 1 if text[:1] in ("‘", "“") else 0
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]


def _compiled(table: str) -> tuple[_Template, ...]:
    templates = []
    for entry in _entries(table, "|"):
        fields = list(Formatter().parse(entry))
        slots = tuple(slot for _, slot, _, _ in fields if slot is not None)
        pattern = "".join(text + ("{}" if slot is not None else "") for text, slot, _, _ in fields)
        letters = frozenset("P" if slot == "L" else slot for slot in slots if slot in "SPLGOW")
        templates.append(_Template(pattern, slots, letters))
    return tuple(templates)


_WORDS = {slot: tuple(_entries(table)) for slot, table in SLOTS.items()}
_PROSE = _WORDS | {
    slot.capitalize(): tuple(_capital(word) for word in _WORDS[slot]) for slot in ("group", "quote")
}
_TITLES = {
    slot: tuple(word if slot == "title" else _title_case(word) for word in words)
    for slot, words in _WORDS.items()
} | {"quote": tuple(_capital(_title_case(word)) for word in _WORDS["quote"])}
FIRST_NAMES: Final = _WORDS["first"]
LAST_NAMES: Final = _WORDS["last"]
_GENERAL = _compiled(GENERAL)
_CIVIC = _compiled(CIVIC)
_THEMED = {theme: _compiled(table) for theme, table in THEMED.items()}
_BARE = {theme: _compiled(table) for theme, table in BARE.items()}
_GENERIC = _compiled(GENERIC)
_NOTICES = _compiled(NOTICES)
_ABSTRACTS = _compiled(ABSTRACTS)
_NAME_ABSTRACTS = _compiled(NAME_ABSTRACTS)
_BARE_ABSTRACTS = _compiled(BARE_ABSTRACTS)
_LEADS = _compiled(LEADS)


@cache
def _fitting(lead: str, theme: str, letters: frozenset[str]) -> tuple[_Template, ...]:
    """Templates that name the lead, and otherwise only topics of the article."""
    civic = _CIVIC if theme in CIVIC_THEMES else ()
    pool = _GENERAL + civic + 2 * _THEMED.get(theme, ())  # twice: they are fewer
    return tuple(t for t in pool if lead in t.needs and t.needs <= letters)


def _fill(dice: Dice, template: _Template, words: dict[str, tuple[str, ...]],
          known: dict[str, str]) -> str:  # fmt: skip
    values = [known[slot] if slot in known else dice.pick(words[slot]) for slot in template.slots]
    return _capital(template.pattern.format(*values))


def tell(
    dice: Dice,
    theme: str,
    lead: Topic | None,
    topics: Sequence[Topic],
    facts: dict[str, str],
    generic: bool,
) -> Story:
    """Write an article's text.

    theme: of the article. lead: the topic of the headline, None for none. topics: all it carries.
    facts: text for the slots date, weekday and age. generic: a headline of a regular feature.
    """
    known = dict(facts)
    if lead is None:
        furniture = _GENERIC if topics else _GENERIC + 3 * _NOTICES
        template = dice.pick(furniture if generic else _BARE[theme])
        headline = _fill(dice, template, _TITLES, known)
        abstract = _fill(dice, dice.pick(_BARE_ABSTRACTS), _PROSE, known)
        return Story(headline, headline, abstract, abstract, _material(headline))
    letter = _LETTERS[lead.kind]
    named = {letter: lead}
    for topic in topics:
        # Names of another theme would not make sense in the same sentence.
        if "place" in (lead.kind, topic.kind) or topic.theme == lead.theme:
            named.setdefault(_LETTERS[topic.kind], topic)
    if letter == "G":
        named = {other: topic for other, topic in named.items() if other in "GS"}
    forms = {other: dice.pick(topic.forms) for other, topic in named.items()}
    known |= {other: form.title for other, form in forms.items()}
    if "P" in named:
        known["L"] = named["P"].label.split(",")[0]
    if "S" in forms:
        known |= {slot: text[forms["S"].plural] for slot, text in _AGREEMENT.items()}
    style = named["S"].theme if letter == "G" and "S" in named else lead.theme
    fitting = _fitting(letter, style, frozenset(named))
    headline = _fill(dice, dice.pick(fitting), _TITLES, known)
    second = _fill(dice, dice.pick(fitting), _TITLES, known)
    if dice.unit() < 0.004:  # the real archive has a few headlines with HTML entities
        headline = headline.replace("&", "&amp;").replace("’", "&#8217;")
    known["s"] = forms[letter].prose
    abstracts = _ABSTRACTS if letter == "S" else _NAME_ABSTRACTS
    return Story(
        headline,
        second,
        _fill(dice, dice.pick(abstracts), _PROSE, known),
        _fill(dice, dice.pick(_LEADS), _PROSE, known),
        _material(headline),
    )


def _material(headline: str) -> str:
    """The archive's type of material, as far as a headline gives it away."""
    marks = {
        "Review": "Review",
        "Corrections:": "Correction",
        "Quotation of": "Quote",
        "Dies at": "Obituary (Obit)",
        "Is Dead": "Obituary (Obit)",
        "Letters": "Letter",
        "Briefing": "briefing",
    }
    return next((material for mark, material in marks.items() if mark in headline), "News")
