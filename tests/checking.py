"""How signatures are checked under pytest: an int will do where a float is expected, as PEP 484 has it."""

from beartype import BeartypeConf
from beartype import beartype as _beartype

check = _beartype(conf=BeartypeConf(is_pep484_tower=True))
