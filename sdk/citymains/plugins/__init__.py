"""Plugins: hooks, the typed records they return, and the manager that loads them in isolation."""
