"""Sound files as the programs of the world write them: none may be called altered, invalid or unexamined."""
