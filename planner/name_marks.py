"""The marks by which neighbours are told apart: directions, letters and numerals in names. One rule for all likening of names.

东楼 and 西楼, Block A and Block B, Phase II and Phase III are alike in all but what matters. Names with other marks are never
taken for one, however alike the rest is; numerals are the same however they are written (二期, 2期, Ⅱ期, Phase II).
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_CHINESE = frozenset("东西南北中上下前后左右内外里大小新旧老古高低长短甲乙丙丁戊己庚辛壬癸")
_TRADITIONAL = str.maketrans("東後內裡裏舊長壹贰叁肆伍陆柒捌玖拾", "东后内里里旧长一二三四五六七八九十")
_DIGITS = {letter: number for number, letter in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_TENS = {"十": 10, "百": 100}
_WORDS = {
    word: kinds[0]
    for kinds in (
        ("east", "eastern", "e", "leste", "este", "ost"), ("west", "western", "w", "oeste", "ouest"),
        ("north", "northern", "n", "norte", "nord"), ("south", "southern", "s", "sul", "sur", "sud", "süd"),
        ("northeast", "northeastern", "ne"), ("northwest", "northwestern", "nw"),
        ("southeast", "southeastern", "se"), ("southwest", "southwestern", "sw"),
        ("central", "centre", "center", "middle", "mid"), ("upper", "up"), ("lower", "low"), ("left",), ("right",), ("front",),
        ("back", "rear"), ("inner", "inside"), ("outer", "outside"), ("new",), ("old",), ("great", "big", "large"),
        ("little", "small"), ("high",), ("long",), ("short",), ("1", "one", "first"), ("2", "two", "second"),
        ("3", "three", "third"), ("4", "four", "fourth"), ("5", "five", "fifth"), ("6", "six", "sixth"),
        ("7", "seven", "seventh"), ("8", "eight", "eighth"), ("9", "nine", "ninth"), ("10", "ten", "tenth"),
        ("11", "eleven", "eleventh"), ("12", "twelve", "twelfth"),
    )
    for word in kinds
}  # fmt: skip
_ENDS = re.compile(r"中心$|\b(?:community|service|neighbou?rhood|health|cultural)?\s*cent(?:re|er)$")
_ROMAN = re.compile(r"(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})")
_ROMAN_VALUE = {"i": 1, "v": 5, "x": 10}
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_TOKEN = re.compile(r"\d+|[〇零两一二三四五六七八九十百]+|[一-鿿]|[^\W\d_一-鿿〇]+")


def may_be_one(first: str, second: str) -> bool:
    """Return whether two names, as written, do not differ in what tells neighbours apart."""
    return marks(first) == marks(second)


@lru_cache(maxsize=65_536)
def marks(name: str) -> tuple[str, ...]:
    """Return a name's directions, sizes, single letters and numerals in one way of writing, sorted."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", name).translate(_TRADITIONAL))
    text = _ENDS.sub("", _ORDINAL.sub("", re.sub(r"['’]", "", parted.casefold()).strip()))
    return tuple(sorted(filter(None, map(_mark, _TOKEN.findall(text)))))


def numbers(name: str) -> tuple[str, ...]:
    """Return the numbers of a name one by one: 1-2 and 12 are two, though the same without the stroke."""
    return tuple(re.findall(r"\d+", unicodedata.normalize("NFKC", name)))


def as_written(name: str, part: str, fold: Callable[[str], str]) -> str:
    """Return the end of a name, as written, that begins with `part` of the folded name: marks need the blanks between words."""
    return next((name[at:] for at in range(len(name)) if fold(name[at:]).startswith(part)), name)


def _mark(token: str) -> str:
    """Return the mark that a token is, "" for one that tells nothing apart."""
    if token.isdecimal():
        return str(int(token))
    if token[0] in _DIGITS or token[0] in _TENS:
        return str(_chinese_number(token))
    if token in _CHINESE:
        return token
    if _ROMAN.fullmatch(token):
        values = [_ROMAN_VALUE[letter] for letter in token]
        return str(sum(-one if one < next_one else one for one, next_one in zip(values, [*values[1:], 0], strict=True)))
    if token in _WORDS:
        return _WORDS[token]
    return token if len(token) == 1 and not "一" <= token <= "鿿" else ""


def _chinese_number(text: str) -> int:
    """Return a number in Chinese numerals, 二十三 and 二三 alike."""
    total, digit = 0, None
    for letter in text:
        if letter in _TENS:
            total += (1 if digit is None else digit) * _TENS[letter]
            digit = None
        else:
            digit = _DIGITS[letter] if digit is None else 10 * digit + _DIGITS[letter]
    return total + (digit or 0)
