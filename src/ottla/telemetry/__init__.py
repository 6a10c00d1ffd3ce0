"""The exporter: what Kafka tells, collected in the background and given to whoever asks."""
