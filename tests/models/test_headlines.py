"""What a word of a headline is made of: Unicode's own tables say it."""

import re
import unicodedata

from support import PROJECT_DIR, Warehouse


def ranges() -> str:
    """Return the brackets of macros/word_characters.sql."""
    text = (PROJECT_DIR / "macros" / "word_characters.sql").read_text(encoding="utf-8")
    found = re.search(r"set ranges -%}(.*?){%", text, re.DOTALL)
    assert found is not None
    return f"[[:alnum:]{''.join(found[1].split())}]"


def test_letters_digits_and_signs_are_in_words_and_nothing_else(warehouse: Warehouse) -> None:
    kept = warehouse.rows(
        "select code from generate_series(128, 1114111) as code "
        "where code not between 55296 and 57343 and chr(code) ~ %s",
        ranges(),
    )
    codes = {code for (code,) in kept}
    categories = {code: unicodedata.category(chr(code)) for code in range(128, 0x110000)}
    words = {code for code, name in categories.items() if name[0] in "LM" or name == "Nd"}
    others = {code for code, name in categories.items() if name[0] in "PSZ"}
    # Letters in circles are letters to Unicode too.
    others -= {*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F18A)}
    # A few of them, for pytest takes minutes to compare long lists.
    assert [hex(code) for code in sorted(words - codes)][:9] == []
    assert [hex(code) for code in sorted(others & codes)][:9] == []
