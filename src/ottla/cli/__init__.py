"""One module for each command: parse, call the platform, print, exit code. Every question to a person is asked here."""
