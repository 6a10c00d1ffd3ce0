"""What is wrong and why: evidence is gathered, pure checks make findings of it, and each finding has the next command."""
