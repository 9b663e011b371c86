"""Published shares and single published numbers."""
