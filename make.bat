@echo off
rem The commands of the Makefile for Windows: make demo, make app, make test, make docs, make check.
setlocal
set BIN=.venv\Scripts
set PYTHONUTF8=1
if not exist .venv\.installed (
    py -3 -m venv .venv || exit /b 1
    %BIN%\python -m pip install --quiet --disable-pip-version-check -r requirements.lock || exit /b 1
    %BIN%\python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . || exit /b 1
    %BIN%\python -m planner.ui.fetch || exit /b 1
    echo installed> .venv\.installed
)
if "%1"=="demo" (
    %BIN%\planner demo demo-county || exit /b 1
    echo The map:  make app
    exit /b 0
)
if "%1"=="app" (
    if not exist demo-county\out %BIN%\planner demo demo-county --quiet
    %BIN%\planner app demo-county
    exit /b
)
if "%1"=="test" (
    %BIN%\python -m pytest -n 2 --dist loadfile
    exit /b
)
if "%1"=="docs" (
    %BIN%\python -m pip install --quiet --disable-pip-version-check -r docs\requirements.txt -c requirements.lock || exit /b 1
    set NO_MKDOCS_2_WARNING=1
    %BIN%\mkdocs build --strict --quiet
    exit /b
)
if "%1"=="check" (
    %BIN%\ruff format --check . && %BIN%\ruff check . && %BIN%\mypy && %BIN%\lint-imports && call make.bat docs && call make.bat test
    exit /b
)
echo make demo ^| make app ^| make test ^| make docs ^| make check
