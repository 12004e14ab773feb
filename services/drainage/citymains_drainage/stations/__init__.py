"""Pump stations: what the guard, the planner and the policies know of them, and where they are read from."""
