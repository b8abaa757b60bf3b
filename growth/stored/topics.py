"""Finds the topic that a person means by a name: its label, or what comes near."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

import psycopg

from console.errors import WarehouseError
from console.text import short
from growth.stored.runs import Run

_SUGGESTIONS = 8
_LONGEST_SHOWN = 100
# How alike a misspelt name and a label must be (0 to 1) for the label to be suggested, or to be
# taken for what was meant; and how much less alike the next one must then be.
_LIKE, _ALIKE, _AHEAD = 0.6, 0.85, 0.05


@dataclass(frozen=True)
class NamedTopic:
    """A topic of a run, as far as a person can name it."""

    topic_id: int
    kind: str
    label: str
    articles: int

    @cached_property
    def plain(self) -> str:
        """The label without what a person leaves out: case, accents, doubled spaces."""
        return _plain(self.label)

    @cached_property
    def words(self) -> str:
        """Its words in the order of the alphabet, for a person may give either name first."""
        return _sorted_words(self.plain)


@dataclass(frozen=True)
class FoundTopic:
    """The topic that is meant. ``guessed`` tells that its label is not what was asked for;
    ``others`` are topics of the same name."""

    topic: NamedTopic
    guessed: bool
    others: list[NamedTopic]


class NoSuchTopicError(WarehouseError):
    """No topic has this name, or several have; the message lists those that may be meant."""


def _find(topics: Sequence[NamedTopic], run: Run, name: str) -> FoundTopic:
    """Return the topic that is called ``name``, else the one that is probably meant.

    Looked for are, in this order: the very label; the label in any letter case and without accents;
    labels that have all the words; labels that are spelt alike. Raises NoSuchTopicError, with
    suggestions, where that leaves none or several.
    """
    plain = _plain(name)
    for same in (
        [topic for topic in topics if topic.label == name],
        [topic for topic in topics if topic.plain == plain],
    ):
        if len(same) == 1:
            others = [topic for topic in topics if topic.plain == plain and topic != same[0]]
            return FoundTopic(same[0], guessed=False, others=others)
        if same:
            raise _error(
                f"{_quoted(name)} may be each of these", same, "add --kind, or write it as here"
            )
    having = _having_words(topics, name)
    if len(having) == 1:
        return FoundTopic(having[0], guessed=True, others=[])
    if having:
        raise _error(
            f"no topic is called {_quoted(name)}, and {len(having):,} have these words", having,
            "write one as it is here",
        )  # fmt: skip
    alike = _spelt_alike(topics, name)
    if alike and alike[0][0] >= _ALIKE and (len(alike) == 1 or alike[0][0] - alike[1][0] >= _AHEAD):
        return FoundTopic(alike[0][1], guessed=True, others=[])
    among = f"of {run.window_start:%Y-%m} to {run.window_end:%Y-%m}"
    if alike:
        raise _error(
            f"no topic {among} is called {_quoted(name)}; spelt alike",
            [topic for _, topic in alike],
            "write one as it is here",
        )
    raise NoSuchTopicError(
        f"no topic {among} is called {_quoted(name)}, nor anything like it: "
        "`growth top --direction popular` lists topics, `growth runs` other windows"
    )


def find_topics(
    connection: psycopg.Connection,
    run: Run,
    names: Sequence[str],
    kinds: Sequence[str],
    tell: Callable[[str], None],
) -> list[NamedTopic]:
    """Return the topics that are meant, each once; ``tell`` of each name that is no topic's label,
    or several topics'.

    Raises NoSuchTopicError.
    """
    chosen: dict[int, NamedTopic] = {}
    topics = _topics(connection, run, kinds)
    for name in names:
        found = _find(topics, run, name)
        if found.guessed:
            tell(f"no topic is called {_quoted(name)}: this is {name_with_kind(found.topic)}")
        if found.others:
            others = ", ".join(map(name_with_kind, found.others[:_SUGGESTIONS]))
            tell(f"also there: {others}; --kind picks one")
        chosen[found.topic.topic_id] = found.topic
    return list(chosen.values())


def _quoted(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…")


def name_with_kind(topic: NamedTopic) -> str:
    """Return how a topic is named in a line."""
    return f"{short(topic.label)} ({topic.kind})"


def _topics(connection: psycopg.Connection, run: Run, kinds: Sequence[str]) -> list[NamedTopic]:
    """Return the topics of a run, those with most articles first."""
    rows = connection.execute(
        """
        select topic_id, kind, label, articles
        from growth.coefficients
        where run_id = %s and (%s::text[] = '{}' or kind = any(%s::text[]))
        order by articles desc, label, kind
        """,
        [run.run_id, list(kinds), list(kinds)],
    )
    return [NamedTopic(*row) for row in rows]


def _plain(text: str) -> str:
    """Return a text without case, accents and doubled spaces."""
    text = text.casefold()
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(text.split())


def _sorted_words(plain: str) -> str:
    return " ".join(sorted(re.findall(r"\w+", plain)))


def _having_words(topics: Sequence[NamedTopic], name: str) -> list[NamedTopic]:
    """Return the topics in whose labels each word of the name begins a word."""
    parts = set(re.findall(r"\w+", _plain(name)))
    if not parts:
        return []
    # Each part at the beginning of a word: one search a label.
    having = re.compile("".join(rf"(?=.*\b{re.escape(part)})" for part in sorted(parts)))
    return [topic for topic in topics if having.match(topic.plain)]


def _spelt_alike(topics: Sequence[NamedTopic], name: str) -> list[tuple[float, NamedTopic]]:
    """Return the topics spelt most like a name, with how much of them is the same, 0 to 1."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_sorted_words(_plain(name)))
    alike = []
    for topic in topics:
        matcher.set_seq1(topic.words)
        # The ratio itself is slow: first its two quick upper bounds.
        if matcher.real_quick_ratio() >= _LIKE and matcher.quick_ratio() >= _LIKE:
            ratio = matcher.ratio()
            if ratio >= _LIKE:
                alike.append((ratio, topic))
    return sorted(alike, key=lambda pair: -pair[0])[:_SUGGESTIONS]


def _error(what: str, topics: Sequence[NamedTopic], what_to_do: str) -> NoSuchTopicError:
    shown = ", ".join(map(name_with_kind, topics[:_SUGGESTIONS]))
    more = len(topics) - _SUGGESTIONS
    return NoSuchTopicError(
        f"{what}: {shown}{f' and {more:,} more' if more > 0 else ''}; {what_to_do}"
    )
