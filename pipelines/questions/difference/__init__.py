"""What differs between two editions, by kind, and in words."""
