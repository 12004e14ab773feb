"""Frozen records that cross boundaries: between file, engine, report, wire, table and map."""
