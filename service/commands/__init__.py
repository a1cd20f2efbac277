"""What the sub-commands of `parley` do. Each is a function from parsed arguments to an exit code."""
