"""The map in the browser, on Streamlit and folium; it works without the internet."""
