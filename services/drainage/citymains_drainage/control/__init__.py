"""Control of a running simulation: guard, policies, branches, cost and search."""
