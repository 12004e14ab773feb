"""Rain: storm-intensity formulas, hyetographs, measured series, ensembles, and the question `storm`."""
