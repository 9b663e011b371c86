"""The door people enter by: commands, and how they are set in a terminal."""
