"""Who goes short in an outage, since when and for how long: for every utility."""
