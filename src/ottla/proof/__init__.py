"""Proof: what a platform carries and how quickly (bench), and what it survives (drills)."""
