"""One study: who reaches which facility, which sites are chosen, and what a reader asks of the map."""
