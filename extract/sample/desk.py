"""The documents of the generated sample, in the shapes of the Archive API."""

import datetime as dt
import re
import unicodedata
from typing import Any

from extract.sample import vocabulary
from extract.sample.text import FIRST_NAMES, LAST_NAMES, Dice, Topic, tell

_NEW_SHAPE_FROM = dt.date(2025, 1, 1)
_MULTIMEDIA = 0.04  # share of documents in the middle shape
_GENERIC = 0.08  # share of headlines that are the paper's furniture, besides those without a topic
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
        story = tell(dice, theme, lead, topics, facts, generic)
        multimedia = not new_shape and dice.unit() < _MULTIMEDIA
        kind = "interactive" if multimedia else "article"
        uuid = f"{identity[:8]}-{identity[8:12]}-5{identity[13:16]}-a{identity[17:20]}"
        uri = f"nyt://{kind}/{uuid}-{identity[20:]}"
        if lead is not None and lead.theme:
            theme = lead.theme
        section, news_desk = vocabulary.SECTIONS[theme]
        opinion = lead is not None and dice.unit() < 0.07
        if opinion:
            section, news_desk = "Opinion", "OpEd"
        material = "Op-Ed" if opinion else "Interactive Feature" if multimedia else story.material
        slug = f"{_slug(story.headline)}-{identity[20:24]}"
        image = f"images/{date:%Y/%m/%d}/{theme}/{slug}/{slug}"
        in_print = dice.unit() < 0.45
        print_headline = story.print_headline if in_print else ""
        page, part = (str(1 + int(dice.unit() * 24)), dice.pick("AABCD")) if in_print else ("", "")
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
        original = "By " + " and ".join(" ".join(name) for name in names) if names else ""
        keywords = self._keywords(topics, theme, new_shape)
        if new_shape:
            headline = {"main": story.headline, "kicker": "", "print_headline": print_headline}
            # Both ways of having no keywords occur in the real archive.
            missing: list[dict[str, Any]] | None = None if dice.unit() < 0.9 else []
            doc |= {
                "document_type": "Article",
                "pub_date": f"{stamp}Z",
                "headline": headline,
                "keywords": keywords or missing,
                "byline": {"original": original},
                "subsection_name": "",
                "multimedia": _pictures(image),
            }
            return doc
        if not in_print:
            del doc["print_page"], doc["print_section"]
        doc |= {
            "document_type": "multimedia" if multimedia else "article",
            "pub_date": f"{stamp}+0000",
            "lead_paragraph": story.lead_paragraph,
            "headline": {
                "main": story.headline,
                "kicker": dice.pick(vocabulary.KICKERS) if dice.unit() < 0.12 else None,
                "content_kicker": None,
                "print_headline": print_headline,
                "name": None,
                "seo": None,
                "sub": None,
            },
            "keywords": keywords,
            "byline": {
                "original": original or None,
                "person": [_reporter(name, rank) for rank, name in enumerate(names, start=1)],
                "organization": None,
            },
            "multimedia": [_picture(image, "articleLarge", 600, 400)],
        }
        return doc

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
