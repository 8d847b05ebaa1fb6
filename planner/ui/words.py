"""Sentences and figures in the reader's language, and the one door by which text from files becomes HTML."""

from html import escape
from typing import Any

from planner.results.wording import group_name, yuan_text
from planner.texts import say

NAMES = {"zh": "中文", "en": "English"}


class Words:
    """The texts of section ``ui`` in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, **params: Any) -> str:
        """Return entry `key` of the catalogue ``ui``."""
        return say(f"ui.{key}", self.language, **params)

    def group(self, group: str) -> str:
        """Return a population group in words."""
        return group_name(group, self.language)

    def condition(self, family: str) -> str:
        """Return the name of a family of conditions as `planner.siting` names them."""
        return say(f"siting.condition_{family}", self.language)

    def people(self, count: float) -> str:
        """Return a number of people, whole, with thousands and unit."""
        return self("count_people", number=f"{count:,.0f}")

    def share(self, share: float | None) -> str:
        """Return a share as per cent with one decimal; a dash where there is none."""
        return "–" if share is None else f"{share:.1%}"

    def small_share(self, share: float | None) -> str:
        """Return a share as per cent with two decimals, for gaps and differences; a dash where there is none."""
        return "–" if share is None else f"{share:.2%}"

    def yuan(self, yuan: float) -> str:
        """Return money: 万元 in Chinese, yuan in English."""
        return yuan_text(yuan, self.language)


def html(text: object) -> str:
    """Return `text` as HTML that shows it and does nothing else."""
    return escape(str(text), quote=True)
