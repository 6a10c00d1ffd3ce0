"""What is done to the nodes of a local cluster on purpose: done, shown to be so, healed, shown to be gone."""
