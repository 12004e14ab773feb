"""Room temperatures when heat is short: models, building types, calibration, refund exposure."""
