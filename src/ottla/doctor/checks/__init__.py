"""Pure functions from evidence to findings; each module is a family of them."""
