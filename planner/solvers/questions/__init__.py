"""From what is asked to what is answered: results, explanations, comparisons."""
