{#-
    The characters of words, for the brackets of a regular expression: letters, digits, and the signs above,
    below and beside letters. [:alnum:] has the letters and, depending on the server's locale, some of the signs;
    without the others Hindi, Thai and Arabic words would be cut in two.

    The ranges are Unicode's categories M (marks) and Nd (digits), joined where nothing but letters and unassigned
    characters lie between them. tests/models/test_headlines.py compares them with Python's tables.
-#}
{% macro word_characters() -%}
    {%- set ranges -%}
        \u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a
        \u064b-\u0669\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06f9\u0711-\u07f3\u07fd\u0816-\u082d
        \u0859-\u085b\u0898-\u08e1\u08e3-\u0963\u0966-\u096f\u0981-\u09ef\u09fe-\u0a75\u0a81-\u0aef
        \u0afa-\u0b6f\u0b82-\u0bef\u0c00-\u0c6f\u0c81-\u0c83\u0cbc-\u0d4d\u0d57-\u0d6f\u0d81-\u0df3
        \u0e31-\u0e3a\u0e47-\u0e4e\u0e50-\u0e59\u0eb1-\u0ed9\u0f18-\u0f19\u0f20-\u0f29\u0f35\u0f37
        \u0f39\u0f3e-\u0f84\u0f86-\u0fbc\u0fc6\u102b-\u1049\u1056-\u109d\u135d-\u135f\u1712-\u1734
        \u1752-\u17d3\u17dd-\u17e9\u180b-\u180d\u180f-\u193b\u1946-\u19d9\u1a17-\u1a1b\u1a55-\u1a99
        \u1ab0-\u1b59\u1b6b-\u1b73\u1b80-\u1bf3\u1c24-\u1c37\u1c40-\u1c59\u1cd0-\u1cd2\u1cd4-\u1dff
        \u20d0-\u20f0\u2cef-\u2cf1\u2d7f-\u2dff\u302a-\u302f\u3099-\u309a\ua620-\ua672\ua674-\ua67d
        \ua69e-\ua6f1\ua802-\ua827\ua82c\ua880-\ua8c5\ua8d0-\ua8f1\ua8ff-\ua92d\ua947-\ua953
        \ua980-\ua9c0\ua9d0-\ua9d9\ua9e5-\uaa59\uaa7b-\uaac1\uaaeb-\uaaef\uaaf5-\uaaf6\uabe3-\uabea
        \uabec-\uabf9\ufb1e\ufe00-\ufe0f\ufe20-\ufe2f\uff10-\uff19\U000101fd-\U0001037a
        \U000104a0-\U000104a9\U00010a01-\U00010a3f\U00010ae5-\U00010ae6\U00010d24-\U00010eac
        \U00010f46-\U00010f50\U00010f82-\U00010f85\U00011000-\U00011046\U00011066-\U000110ba
        \U000110c2\U000110f0-\U0001113f\U00011145-\U00011173\U00011180-\U000111c0
        \U000111c9-\U000111cc\U000111ce-\U000111d9\U0001122c-\U00011237\U0001123e
        \U000112df-\U00011446\U00011450-\U00011459\U0001145e-\U000114c3\U000114d0-\U000115c0
        \U000115dc-\U00011640\U00011650-\U00011659\U000116ab-\U000116b7\U000116c0-\U00011739
        \U0001182c-\U0001183a\U000118e0-\U00011943\U00011950-\U000119e0\U000119e4-\U00011a3e
        \U00011a47-\U00011a99\U00011c2f-\U00011c3f\U00011c50-\U00011c59\U00011c92-\U00011ef6
        \U00016a60-\U00016a69\U00016ac0-\U00016af4\U00016b30-\U00016b36\U00016b50-\U00016b59
        \U00016f4f-\U00016f92\U00016fe4-\U00016ff1\U0001bc9d-\U0001bc9e\U0001cf00-\U0001cf46
        \U0001d165-\U0001d169\U0001d16d-\U0001d172\U0001d17b-\U0001d182\U0001d185-\U0001d18b
        \U0001d1aa-\U0001d1ad\U0001d242-\U0001d244\U0001d7ce-\U0001d7ff\U0001da00-\U0001da36
        \U0001da3b-\U0001da6c\U0001da75\U0001da84\U0001da9b-\U0001e149\U0001e2ae-\U0001e2f9
        \U0001e8d0-\U0001e959\U0001fbf0-\U0001fbf9\U000e0100-\U000e01ef
    {%- endset -%}
    [:alnum:]{{ ranges.split() | join }}
{%- endmacro %}
