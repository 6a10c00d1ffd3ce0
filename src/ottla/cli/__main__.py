"""`python -m ottla.cli`: the command line, for a process that Ottla starts itself."""

from ottla.cli.main import main

main()
