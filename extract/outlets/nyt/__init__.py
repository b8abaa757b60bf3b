"""The New York Times: its Archive API, and what its monthly responses hold."""

from console.outlets import find_outlet
from extract.api.settings import ApiFacts
from extract.outlets.interface import Archive, Source
from extract.outlets.nyt.client import KEY_PAGE, fetch
from extract.outlets.nyt.responses import parse_response

ARCHIVE = Archive(
    outlet=find_outlet("nyt"),
    written_by="the Archive API",
    parse=parse_response,
    source=Source(
        ApiFacts(
            url="https://api.nytimes.com/svc/archive/v1",
            key_page=KEY_PAGE,
            key_remark="enable the Archive API",
            # A month that a strike left empty: the smallest answer there is.
            trial="1978/9.json",
            per_minute=5,
            per_day=500,
        ),
        fetch,
    ),
)
