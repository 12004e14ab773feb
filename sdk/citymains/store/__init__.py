"""The store: networks, records, datasets and cities by id. Nothing else knows SQL."""
