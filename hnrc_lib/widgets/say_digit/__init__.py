"""The book's small recogniser of digits, running in the page on the reader's voice."""
