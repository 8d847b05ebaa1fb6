"""A section of a project file, and the faults that its keys may have."""

import codecs
import difflib
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

Files = str | tuple[str, ...]
"""One file, several, or a pattern with *, ? or [."""


class Section(BaseModel):
    """A section of the project file: what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def fault(kind: str, **params: Any) -> PydanticCustomError:
    """Return a fault whose sentence is entry `kind` of the catalogue ``project``."""
    return PydanticCustomError(kind, kind, params)


def _known_encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError as unknown:
        raise fault("unknown_encoding", encoding=value) from unknown
    return value


Encoding = Annotated[str, AfterValidator(_known_encoding)]
"""How the text of a table is encoded, where the table does not say."""


def refuse_unknown(given: Iterable[str], known: Iterable[str], *, kind: str) -> None:
    """Refuse names that are not known; the fault names the nearest known one."""
    known = list(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise fault(kind, name=name, near=near, known=", ".join(known))


def one_or_several(value: Any) -> Any:
    """Return what TOML gives for ``[section]`` as if it were ``[[section]]``."""
    return (value,) if isinstance(value, dict) else value
