"""The script that ``planner app`` hands to Streamlit."""

from planner.ui import main

main()
