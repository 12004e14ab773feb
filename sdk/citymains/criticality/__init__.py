"""Which element hurts most when it is lost: candidates, customers behind each, one ranking for every utility."""
