"""What we keep: tables and columns described once, the vocabulary, the statements of sql/, and what is generated from them."""
