"""The documents of the generated sample, in the shapes of the Archive API."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from extract.sample import vocabulary
from extract.sample.text import FIRST_NAMES, LAST_NAMES, Dice, Story, Topic, tell

_NEW_SHAPE_FROM = dt.date(2025, 1, 1)
_MULTIMEDIA = 0.04  # share of documents in the middle shape
# Share of headlines of regular features (weather, corrections), besides those without a topic.
_GENERIC = 0.08
_WORD = re.compile(r"[a-z0-9]+")
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_KEYWORD_NAMES = {
    "subject": ("subject", "Subject"),
    "person": ("persons", "Person"),
    "organization": ("organizations", "Organization"),
    "place": ("glocations", "Location"),
    "work": ("creative_works", "Title"),
}
_MONTHS = [
    "Jan.",
    "Feb.",
    "March",
    "April",
    "May",
    "June",
    "July",
    "Aug.",
    "Sept.",
    "Oct.",
    "Nov.",
    "Dec.",
]


@dataclass(frozen=True)
class _Draft:
    """What goes into a document in either shape. ``names`` are its reporters'."""

    stamp: str
    story: Story
    in_print: bool
    names: list[tuple[str, str]]
    keywords: list[dict[str, Any]]
    image: str

    @property
    def print_headline(self) -> str:
        return self.story.print_headline if self.in_print else ""

    @property
    def byline(self) -> str:
        return "By " + " and ".join(map(" ".join, self.names)) if self.names else ""


class Desk:
    """Turns topics into documents."""

    def __init__(self, topics: list[Topic], dice: Dice) -> None:
        self._topics, self._dice = topics, dice
        self._planted = len(vocabulary.PLANTED)

    def write(
        self, date: dt.date, stamp: str, identity: str, theme: str, carried: list[int]
    ) -> dict[str, Any]:
        """One document. stamp: its UTC time; carried: positions of its topics."""
        dice = self._dice
        new_shape = date >= _NEW_SHAPE_FROM or stamp >= _NEW_SHAPE_FROM.isoformat()
        topics, lead, story = self._story(date, theme, carried)
        multimedia = not new_shape and dice.unit() < _MULTIMEDIA
        if lead is not None and lead.theme:
            theme = lead.theme
        section, news_desk = vocabulary.SECTIONS[theme]
        material = "Interactive Feature" if multimedia else story.material
        if lead is not None and dice.unit() < 0.07:
            section, news_desk, material = "Opinion", "OpEd", "Op-Ed"
        slug = f"{_slug(story.headline)}-{identity[20:24]}"
        in_print = dice.unit() < 0.45
        page, part = (str(1 + int(dice.unit() * 24)), dice.pick("AABCD")) if in_print else ("", "")
        uri = _uri("interactive" if multimedia else "article", identity)
        doc: dict[str, Any] = {
            "_id": uri,
            "uri": uri,
            "web_url": f"https://sample-times.example/{date:%Y/%m/%d}/{theme}/{slug}.html",
            "abstract": story.abstract,
            "snippet": "" if new_shape else story.abstract,
            "source": "The Sample Times",
            "section_name": section,
            "news_desk": news_desk,
            "type_of_material": material,
            "word_count": 0 if multimedia else 90 + int(2400 * dice.unit() ** 2),
            "print_page": page,
            "print_section": part,
        }
        names = [self._name() for _ in range(1 if dice.unit() < 0.85 else 2)]
        if material == "Correction" or dice.unit() < 0.02:
            names = []
        keywords = self._keywords(topics, theme, new_shape)
        image = f"images/{date:%Y/%m/%d}/{theme}/{slug}/{slug}"
        draft = _Draft(stamp, story, in_print, names, keywords, image)
        if new_shape:
            return doc | self._of_2025(draft)
        if not in_print:
            del doc["print_page"], doc["print_section"]
        return doc | self._of_2016(draft, "multimedia" if multimedia else "article")

    def _story(
        self, date: dt.date, theme: str, carried: list[int]
    ) -> tuple[list[Topic], Topic | None, Story]:
        """Return an article's topics, the topic of its headline first; that topic; and its text."""
        dice = self._dice
        topics = [self._topics[i] for i in carried]
        facts = {
            "date": f"{_MONTHS[date.month - 1]} {date.day}, {date.year}",
            "weekday": _WEEKDAYS[date.weekday()],
            "age": str(61 + int(dice.unit() * 43)),
        }
        generic = (not topics and dice.unit() < 0.35) or dice.unit() < _GENERIC
        lead = None if generic or not topics else self._lead(topics, carried)
        if lead is not None:
            topics.remove(lead)
            topics.insert(0, lead)
        return topics, lead, tell(dice, theme, lead, topics, facts, generic)

    def _of_2025(self, draft: _Draft) -> dict[str, Any]:
        """The fields that the API writes in another way since 2025."""
        # The real archive has both null and empty lists of keywords.
        missing: list[dict[str, Any]] | None = None if self._dice.unit() < 0.9 else []
        return {
            "document_type": "Article",
            "pub_date": f"{draft.stamp}Z",
            "headline": {
                "main": draft.story.headline,
                "kicker": "",
                "print_headline": draft.print_headline,
            },
            "keywords": draft.keywords or missing,
            "byline": {"original": draft.byline},
            "subsection_name": "",
            "multimedia": _pictures(draft.image),
        }

    def _of_2016(self, draft: _Draft, document_type: str) -> dict[str, Any]:
        """The same fields as the API wrote them from about 2016 to 2024."""
        dice = self._dice
        return {
            "document_type": document_type,
            "pub_date": f"{draft.stamp}+0000",
            "lead_paragraph": draft.story.lead_paragraph,
            "headline": {
                "main": draft.story.headline,
                "kicker": dice.pick(vocabulary.KICKERS) if dice.unit() < 0.12 else None,
                "content_kicker": None,
                "print_headline": draft.print_headline,
                "name": None,
                "seo": None,
                "sub": None,
            },
            "keywords": draft.keywords,
            "byline": {
                "original": draft.byline or None,
                "person": [_reporter(name, rank) for rank, name in enumerate(draft.names, start=1)],
                "organization": None,
            },
            "multimedia": [_picture(draft.image, "articleLarge", 600, 400)],
        }

    def _lead(self, topics: list[Topic], carried: list[int]) -> Topic:
        """The topic of the headline: a planted one, so that its words follow its curve."""
        candidates = topics[: sum(i < self._planted for i in carried)]
        if not candidates:
            candidates = [topic for topic in topics if topic.kind != "place"] or topics
        return self._dice.pick(candidates)

    def _name(self) -> tuple[str, str]:
        return self._dice.pick(FIRST_NAMES), self._dice.pick(LAST_NAMES)

    def _keywords(self, topics: list[Topic], theme: str, new: bool) -> list[dict[str, Any]]:
        named = [(_KEYWORD_NAMES[topic.kind][new], topic.label) for topic in topics]
        if any(topic.kind == "subject" for topic in topics):
            tags = [tag for tag, p in vocabulary.INTERNAL_TAGS.items() if self._dice.unit() < p]
            if theme == "science" and self._dice.unit() < 0.3:
                tags.append("your-feed-science")
            named += [(_KEYWORD_NAMES["subject"][new], tag) for tag in tags]
            if new and self._dice.unit() < 0.002:
                named.append((_KEYWORD_NAMES["subject"][new], ""))  # as seen in the real archive
        extra = {} if new else {"major": "N"}
        return [
            {"name": name, "value": value, "rank": rank, **extra}
            for rank, (name, value) in enumerate(named, start=1)
        ]


def _uri(kind: str, identity: str) -> str:
    """An identifier as the API's are, made of 32 hexadecimal digits."""
    first, second, third, fourth = identity[:8], identity[8:12], identity[13:16], identity[17:20]
    return f"nyt://{kind}/{first}-{second}-5{third}-a{fourth}-{identity[20:]}"


def _slug(headline: str) -> str:
    """The first words of a headline in plain lower-case letters, for an address."""
    plain = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode().lower()
    return "-".join(_WORD.findall(plain)[:6])


def _reporter(name: tuple[str, str], rank: int) -> dict[str, Any]:
    return {
        "firstname": name[0],
        "middlename": None,
        "lastname": name[1],
        "qualifier": None,
        "title": None,
        "role": "reported",
        "organization": "",
        "rank": rank,
    }


def _picture(image: str, crop: str, width: int, height: int) -> dict[str, Any]:
    return {
        "rank": 0,
        "subtype": "xlarge",
        "caption": None,
        "credit": None,
        "type": "image",
        "url": f"{image}-{crop}.jpg",
        "height": height,
        "width": width,
        "subType": "xlarge",
        "crop_name": crop,
        "legacy": {},
    }


def _pictures(image: str) -> dict[str, Any]:
    url = f"https://sample-times.example/{image}"
    return {
        "caption": "",
        "credit": "The Sample Times",
        "default": {"url": f"{url}-articleLarge.jpg", "height": 400, "width": 600},
        "thumbnail": {"url": f"{url}-thumbStandard.jpg", "height": 75, "width": 75},
    }
