"""A workbook as bytes without a clock in them: equal contents give equal files."""

import io
import re
import zipfile
from datetime import datetime

from openpyxl import Workbook

_FIXED_TIME = (2000, 1, 1, 0, 0, 0)


def timeless(book: Workbook) -> bytes:
    """Return the workbook as bytes, with a fixed date wherever the format notes the clock."""
    book.properties.created = datetime(*_FIXED_TIME)
    written = io.BytesIO()
    book.save(written)
    fixed = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return fixed.getvalue()
