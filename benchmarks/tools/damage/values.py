"""What a value in a text is replaced by, written as JSON, which is YAML too."""

from __future__ import annotations

import json
from typing import Final

from benchmarks.tools.damage.guard import CANARY, MARKUP

_DEEP: Final = 100_000
_HUGE: Final = 3_000_000

VALUES: Final[dict[str, str]] = {
    "null": "null",
    "empty text": '""',
    "empty list": "[]",
    "empty mapping": "{}",
    "true": "true",
    "-1": "-1",
    "0": "0",
    "1e400": "1e400",
    "NaN": "NaN",
    "2**63": str(2**63),
    "1e9": "1000000000",
    "many digits": "9" * 5000,
    "half": "0.5",
    "text of a number": '"0"',
    "nested list": '[["x", 1], null]',
    "mapping": '{"x": [1, {"y": null}]}',
    "deep list": "[" * _DEEP + "]" * _DEEP,
    "deep mapping": '{"a":' * _DEEP + "1" + "}" * _DEEP,
    "huge text": json.dumps("x" * _HUGE),
    "NUL": '"a\\u0000b"',
    "half a character": '"\\ud800"',
    "way out": '"../../../../etc/passwd"',
    "device": '"/dev/zero"',
    "markup": json.dumps(f"{MARKUP}[/b]{{{{7*7}}}}"),
    "escape code": '"\\u001b[2J\\u001b]0;x\\u0007"',
    "long name": json.dumps("n" * 300),
}

YAML_VALUES: Final[dict[str, str]] = {
    "python object": f'!!python/object/apply:os.system ["touch {CANARY}"]',
    "python name": "!!python/name:os.system",
    "alias bomb": "[&a [x,x,x,x,x,x,x,x,x], &b [*a,*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b], "
    "&d [*c,*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d,*d], &f [*e,*e,*e,*e,*e,*e,*e,*e,*e], "
    "&g [*f,*f,*f,*f,*f,*f,*f,*f,*f], &h [*g,*g,*g,*g,*g,*g,*g,*g,*g], *h]",
    "merge bomb": "{a: &a {k0: 1}, "
    + ", ".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}' if n else '*a'] * 20)}]}}" for n in range(8))
    + "}",
    "itself": "&self [*self]",
    "date": "2001-01-01",
    "time": "12:30:45",
    "bytes": "!!binary aGVsbG8=",
    "set": "!!set {a, b}",
    "no alias": "*nowhere",
    "infinity": ".inf",
    "hexadecimal": "0xFFFFFFFFFFFFFFFFFF",
    "mapping of odd keys": "{1: a, null: b, [c]: d, true: e}",
    "binary number": "0b" + "1" * 20000,
}
