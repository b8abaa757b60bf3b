"""What a user chooses among. Imports nothing heavy: the command line reads it at its start."""

from enum import StrEnum


class Kind(StrEnum):
    """Kinds of topics: the paper's own keywords, and words and phrases of headlines."""

    SUBJECT = "subject"
    PERSON = "person"
    ORGANIZATION = "organization"
    PLACE = "place"
    WORK = "work"
    TERM = "term"
    PHRASE = "phrase"


class Period(StrEnum):
    """Length of the periods that are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Phase(StrEnum):
    """Where a topic stands at the window's end; docs/model.md has the rule."""

    EMERGING = "emerging"
    ACCELERATING = "accelerating"
    LEVELLING_OFF = "levelling-off"
    PEAKED = "peaked"
    FADING = "fading"
    STEADY = "steady"


class Direction(StrEnum):
    """The three lists."""

    GROWING = "growing"
    SHRINKING = "shrinking"
    POPULAR = "popular"


class FileFormat(StrEnum):
    """Formats of exported files."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
