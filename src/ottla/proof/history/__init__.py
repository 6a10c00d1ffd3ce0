"""What happened in a run, as a folder: columns (what is read), layout (names, entries), writing and reading."""
