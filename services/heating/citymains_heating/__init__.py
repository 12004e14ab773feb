"""citymains heating service."""
