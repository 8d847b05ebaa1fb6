"""Ways that were read become one network: cut where they meet, joined where they nearly do, traced into stretches."""
