"""Messages of Kafka that kafka-python has no schema of, in the form of its own."""
