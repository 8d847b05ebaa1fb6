"""What is asked, from the caller's arrays to the result: models, explanations, comparisons."""
