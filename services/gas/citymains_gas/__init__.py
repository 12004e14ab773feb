"""citymains gas service."""
