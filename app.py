"""The page for ``streamlit run app.py [-- PROJECT]``."""

from planner.ui import main

main()
