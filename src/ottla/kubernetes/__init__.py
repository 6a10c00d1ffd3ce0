"""A spec in Kubernetes: what an engineer would have written by hand, as data. Pure but for the one writer."""
