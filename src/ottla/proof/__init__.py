"""Benchmarks and drills: a workload, a fault, a history on disk, a pure checker that can be run again, a report."""
