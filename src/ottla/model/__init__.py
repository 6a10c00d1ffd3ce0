"""Kafka's nouns as frozen dataclasses. Pure: no I/O, no clock, no defaults from outside."""
