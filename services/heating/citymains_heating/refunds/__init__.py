"""Heat refunds in four steps: evidence, classification of each day, pricing, settlement."""
