"""Pages of the site that stand elsewhere in the repository: the two READMEs, how to contribute, the speed tables.

Links are written for the repository; here they are turned to where the pages stand in the site.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "README.zh.md": "zh/index.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "benchmarks.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=turned(text, source, page)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Join the lines of Chinese paragraphs, which browsers would part by a blank."""
    if not page.file.src_uri.startswith("zh/"):
        return markdown
    wide = "[\u2018-\u201d\u3000-\u9fff\uff00-\uffef]"
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.DOTALL | re.MULTILINE)
    parts[::2] = [re.sub(rf"(?<={wide})\n(?={wide}|[`\[]\w)", "", part) for part in parts[::2]]
    return "".join(parts)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Refuse a page that would fetch something from another host: the site is read offline."""
    outside = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?((?:https?:)?//[^\"'\s>]+)", output)
    if outside:
        raise PluginError(f"{page}: fetched from elsewhere: {', '.join(outside)}")
    return output


def turned(text: str, source: str, page: str) -> str:
    """Return `text` of the repository's file `source` with its links as they are from the site's `page`."""

    def turn(found: re.Match[str]) -> str:
        label, target = found.groups()
        if target.startswith(("http", "#")):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        place = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if place is None:  # a file that is no page
            return f"{label} (`{path}`)"
        return f"[{label}]({posixpath.relpath(place, posixpath.dirname(page) or '.')})"

    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", turn, text)
