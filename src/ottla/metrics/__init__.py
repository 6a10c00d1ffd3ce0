"""ONE metric catalogue, and the arithmetic of lag. Pure: the exporter, the JMX rules and the reference are built from it."""
