"""The reduced storage model and the integer programme on it."""
