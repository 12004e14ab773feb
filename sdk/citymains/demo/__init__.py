"""The demonstration town (示范市): four networks under one street grid, and the command that calculates them."""
