"""In CI nothing is skipped: a test that would be is a failure, unless it is for want of ``../shared``."""

import os
from collections.abc import Iterator

import pytest

WITHOUT_SHARED = "the shared data do not lie beside the project (../shared)"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (os.environ.get("CI") and report.skipped and isinstance(report.longrepr, tuple)):
        return
    *_, reason = report.longrepr
    if WITHOUT_SHARED not in reason:
        report.outcome = "failed"
        report.longrepr = f"In CI every part must be there. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report = yield
    _refuse_skip(report)
    return report
