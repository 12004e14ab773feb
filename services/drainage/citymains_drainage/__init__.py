"""citymains drainage service."""
