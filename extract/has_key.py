"""For make: ends with 0 where there is a key of the first outlet's API, with 1 where there is none.

Make cannot tell by itself: a key may be set in the environment, in ``.env``, or in a file.
"""

import os
import sys

from console.command_line import run
from console.exit_codes import DONE, SOME_FAILED
from console.outlets import OUTLETS
from warehouse.settings import load_settings


def has_key() -> None:
    load_settings()
    sys.exit(DONE if os.environ.get(OUTLETS[0].variable("API_KEY"), "").strip() else SOME_FAILED)


if __name__ == "__main__":
    run(has_key)
