"""Bills: items with their arithmetic and the rule each rests on, the same for every utility."""
