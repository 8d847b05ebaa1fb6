"""Streets from files and from the network: OpenStreetMap, road layers, graphs; read, joined, built into arrays."""
