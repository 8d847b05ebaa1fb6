"""A page without a browser, run as often as its own progress makes a browser run it."""

from streamlit.testing.v1 import AppTest
from waiting import PATIENCE_S, wait_until


def html_of(page: AppTest) -> str:
    """Return all HTML of the page."""
    return "\n".join(element.proto.body for element in page.get("html"))


def run(page: AppTest) -> AppTest:
    """Run the page until nothing on it is still on its way; return it."""

    def is_whole() -> bool:
        page.run(timeout=PATIENCE_S)
        assert not page.exception
        return 'class="planner-progress"' not in html_of(page)

    wait_until(is_whole, "the whole page")
    return page
