"""Two answers side by side: what changed, where, and why."""
