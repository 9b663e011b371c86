"""Answers to whoever asks the published edition: SQL, citation, explanation, difference, headline."""
