"""The text of a book in another language -> its chapters, with their code."""
