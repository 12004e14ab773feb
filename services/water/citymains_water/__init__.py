"""citymains water service."""
