"""The list of outlets whose articles can be loaded, and what every part of the project may have to
know of one. How an outlet's months are fetched and read: `extract.outlets`."""

from dataclasses import dataclass
from datetime import date

from console.errors import WarehouseError


@dataclass(frozen=True)
class Outlet:
    """A newspaper or another source of articles.

    ``short`` names it in tables, folders and options; in capitals it begins its environment
    variables. ``first_month`` is the first one of its archive, and its days are those of
    ``time_zone``. Exported files say that they come from ``source``, which ``url`` describes;
    ``terms`` says who owns the articles."""

    short: str
    name: str
    first_month: date
    time_zone: str
    source: str
    url: str
    terms: str

    def variable(self, name: str) -> str:
        """Return the name of one of its variables of the environment, such as NYT_API_KEY."""
        return f"{self.short.upper()}_{name}"

    def table(self, name: str) -> str:
        """Return one of its raw tables: months, articles, rejects or fields."""
        return f"raw.{self.short}_{name}"

    @property
    def ledger(self) -> str:
        """Return the table in which its API's requests are counted."""
        return f"raw.ratelimit___{self.short}_requests"


# The first one is meant where none is named. dbt has the same list: `outlets` in dbt_project.yml.
OUTLETS = [
    Outlet(
        short="nyt",
        name="The New York Times",
        first_month=date(1851, 9, 1),
        time_zone="America/New_York",
        source="Responses of the New York Times Archive API, or files of their shape",
        url="https://developer.nytimes.com/docs/archive-product/1/overview",
        terms="The archive's articles and keywords belong to the New York Times; its API is for "
        "non-commercial use.",
    ),
]
DEFAULT_OUTLET = OUTLETS[0].short
FIRST_MONTH = min(outlet.first_month for outlet in OUTLETS)


def outlet_option(short: str) -> str:
    """Return the option that names an outlet in a command to run, with a space before it; nothing
    for the outlet that is meant anyway."""
    return "" if short == DEFAULT_OUTLET else f" --outlet {short}"


def find_outlet(short: str) -> Outlet:
    """Return the outlet of a short name. Raises WarehouseError where there is none."""
    for outlet in OUTLETS:
        if outlet.short == short:
            return outlet
    names = ", ".join(outlet.short for outlet in OUTLETS)
    raise WarehouseError(f"there is no outlet {short!r}: give one of {names}")
