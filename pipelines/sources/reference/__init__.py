"""Policy events, overseas stakes, stockpile targets and consumption."""
