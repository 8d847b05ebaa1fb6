"""The errors a user can meet.

    PlannerError
    ├── InputError        (ValueError)    a value, row or file that cannot be used
    ├── GeometryError     (ValueError)    a shape that cannot be used
    ├── CRSError          (ValueError)    coordinates whose reference system is missing, wrong or at odds with another
    ├── NetworkError      (RuntimeError)  streets that cannot be read, built or fetched
    ├── ProjectError      (ValueError)    a project file that cannot be read or asks for the impossible
    └── InfeasibleError   (ValueError)    conditions that no choice of sites can meet

An error carries a code and parameters; its sentence comes from `planner.texts`, in the reader's language. The sentence says
what is wrong, where (file, row, column), what came, and what to do.
"""

from typing import Any

from planner.texts import say


class PlannerError(Exception):
    """Base of all errors raised for what a user gave; `code` and `params` pick the sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def message(self, language: str = "en") -> str:
        """Return the sentence in `language`."""
        return say(self.code, language, **self.params)

    def __str__(self) -> str:
        return self.message()

    def __reduce__(self) -> tuple[Any, ...]:  # so that it survives the way back from a worker process
        return _rebuild, (type(self), self.code, self.params)


class InputError(PlannerError, ValueError):
    """A value, row or file that cannot be used."""


class GeometryError(PlannerError, ValueError):
    """A shape that cannot be used."""


class CRSError(PlannerError, ValueError):
    """Coordinates whose reference system is missing, wrong or at odds with another."""


class NetworkError(PlannerError, RuntimeError):
    """Streets that cannot be read, built or fetched."""


class ProjectError(PlannerError, ValueError):
    """A project file that cannot be read or asks for the impossible."""


class InfeasibleError(PlannerError, ValueError):
    """Conditions that no choice of sites can meet."""


def _rebuild(kind: type[PlannerError], code: str, params: dict[str, Any]) -> PlannerError:
    return kind(code, **params)
