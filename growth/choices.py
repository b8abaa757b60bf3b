"""What a user chooses among. Imports nothing heavy: the command line reads it at its start."""

from enum import StrEnum

# Topics with fewer articles in the window are not fitted.
DEFAULT_MIN_ARTICLES = 50
# Of the topics listed as growing or shrinking, at most this part should be there by chance.
DEFAULT_FALSE_DISCOVERY_RATE = 0.05


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
    """What happened to a topic, in a word; docs/model.md has the rules."""

    STILL_RISING = "still-rising"
    HOLDING_HIGH = "holding-high"
    PAST_ITS_PEAK = "past-its-peak"
    CAME_AND_WENT = "came-and-went"
    FADING = "fading"
    STEADY = "steady"
    UNCLEAR = "unclear"
    EVERY_YEAR = "every-year"


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
