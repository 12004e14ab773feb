"""Pump advice over MQTT."""
